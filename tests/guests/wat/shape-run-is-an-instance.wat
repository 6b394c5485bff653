;; Attack: exports an instance under the name `run`.
;; admission: component-world
;; says: run

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  (instance (export "run") )
)
