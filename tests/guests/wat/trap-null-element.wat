;; Attack: calls an element of a table that was never set.
;; verdict: 801 run-trapped
;; says: uninitialized element
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (table 1 funcref)
    (func (export "run") (param i32 i32) (result i32)
      (call_indirect (result i32) (i32.const 0))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
