;; Attack: two functions that call each other last, so that no stack ever grows and nothing but fuel ends it.
;; verdict: 302 budget-fuel
;; says: the run's budget `fuel`
;; rows: open, end 302

(component
  ;; include: memory
  (core module $m
    (func $ping (param i32) (result i32) (return_call $pong (local.get 0)))
    (func $pong (param i32) (result i32) (return_call $ping (local.get 0)))
    (func (export "run") (param i32 i32) (result i32) (call $ping (i32.const 0))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
