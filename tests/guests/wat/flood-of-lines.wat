;; Attack: logs for ever, and doesn't listen when it is told that it may not.
;; grants: log
;; budget: calls=1000
;; verdict: 307 budget-denials
;; says: refused 5 times
;; rows: open, outcome 0 x40, refusal 305 x5, end 307

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (data (i32.const 16) "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (loop $for-ever
        (call $log-emit (i32.const 1) (i32.const 16) (i32.const 100) (i32.const 1024))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
