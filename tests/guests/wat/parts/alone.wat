  ;; The world's one export, all of it from `$i`.
  ;; include: types
  (func (export "run") (param "input" string) (result (result string (error $failure)))
    (canon lift (core func $i "run") (memory $i "memory") (realloc (func $i "cabi_realloc"))))
