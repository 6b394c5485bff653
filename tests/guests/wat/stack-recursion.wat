;; Attack: calls itself without end.
;; budget: fuel=1000000000
;; verdict: 801 run-trapped
;; says: call stack exhausted
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (func $deeper (param i32) (result i32)
      (i32.add (i32.const 1) (call $deeper (i32.add (local.get 0) (i32.const 1)))))
    (func (export "run") (param i32 i32) (result i32) (call $deeper (i32.const 0))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
