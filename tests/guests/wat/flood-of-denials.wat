;; Attack: has the clock for reading, and asks to wait, again and again.
;; grants: clock-read
;; verdict: 307 budget-denials
;; says: refused 5 times
;; rows: open, refusal 201 x5, end 307

(component
  ;; include: memory
  ;; include: clock
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "clock" "sleep" (func $clock-sleep (param i64 i32)))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (loop $for-ever
        (call $clock-sleep (i64.const 1) (i32.const 1024))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "clock" (instance $clock))))
  ;; include: agent
)
