;; Attack: two functions that call each other through a table, where no compiler sees the recursion.
;; budget: fuel=1000000000
;; verdict: 801 run-trapped
;; says: call stack exhausted
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (type $step (func (param i32) (result i32)))
    (table funcref (elem $even $odd))
    (func $even (type $step)
      (i32.add (i32.const 1) (call_indirect (type $step) (local.get 0) (i32.const 1))))
    (func $odd (type $step)
      (i32.add (i32.const 1) (call_indirect (type $step) (local.get 0) (i32.const 0))))
    (func (export "run") (param i32 i32) (result i32) (call $even (i32.const 0))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
