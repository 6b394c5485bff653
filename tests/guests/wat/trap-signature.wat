;; Attack: calls a function by another type than it has.
;; verdict: 801 run-trapped
;; says: indirect call type mismatch
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (table funcref (elem $f))
    (func $f (param i64))
    (func (export "run") (param i32 i32) (result i32)
      (call_indirect (result i32) (i32.const 0))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
