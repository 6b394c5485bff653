;; Attack: asks for the time for ever, beyond all the calls that it may make.
;; grants: clock
;; verdict: 307 budget-denials
;; says: refused 5 times
;; rows: open, outcome 0 x50, refusal 301 x5, end 307

(component
  ;; include: memory
  ;; include: clock
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "clock" "now" (func $clock-now (param i32)))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (loop $for-ever
        (call $clock-now (i32.const 1024))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "clock" (instance $clock))))
  ;; include: agent
)
