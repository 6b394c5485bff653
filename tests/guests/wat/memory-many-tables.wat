;; Attack: twenty tables in one module.
;; admission: component-resources
;; says: table

(component
  ;; include: memory
  (core module $m
    (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref)
    (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref) (table 100 funcref)
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
