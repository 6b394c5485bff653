;; Attack: has a `run` that takes the input and returns nothing.
;; admission: component-world
;; says: run

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32)))
  (core instance $i (instantiate $m))
  (func (export "run") (param "input" string)
    (canon lift (core func $i "run") (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
)
