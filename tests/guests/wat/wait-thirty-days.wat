;; Attack: sleeps for a month, with all the memory that it may have, and expects the host to keep it.
;; grants: clock
;; verdict: parked
;; rows: open, intent 0

(component
  ;; include: memory
  ;; include: clock
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "clock" "sleep" (func $clock-sleep (param i64 i32)))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (if (i32.lt_s (memory.grow (i32.const 200)) (i32.const 0)) (then unreachable))
      (memory.fill (i32.const 65536) (i32.const 1) (i32.const 13107200))
      (call $clock-sleep (i64.const 2592000000) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "clock" (instance $clock))))
  ;; include: agent
)
