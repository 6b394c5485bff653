;; Attack: takes from a table what it doesn't have.
;; verdict: 801 run-trapped
;; says: table
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (table 1 funcref)
    (func (export "run") (param i32 i32) (result i32)
      (call_indirect (result i32) (i32.const 9))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
