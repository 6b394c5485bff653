;; Attack: has a `run` of another type, for a host that would call it without a look.
;; admission: component-world
;; says: run

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param i64) (result i64) unreachable))
  (core instance $i (instantiate $m))
  (func (export "run") (param "input" u64) (result u64)
    (canon lift (core func $i "run")))
)
