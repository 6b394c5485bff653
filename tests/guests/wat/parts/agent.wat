  ;; The world's one export: `run` of `$i`, with the memory of `$mem`.
  ;; include: types
  (func (export "run") (param "input" string) (result (result string (error $failure)))
    (canon lift (core func $i "run") (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
