;; Attack: has a `run` whose failure is another type than the world's.
;; admission: component-world
;; says: run

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  (func (export "run") (param "input" string) (result (result string (error string)))
    (canon lift (core func $i "run") (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
)
