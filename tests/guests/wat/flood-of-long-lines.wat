;; Attack: logs lines of nearly 1 MiB: as much as the host would ever copy.
;; grants: log
;; verdict: 307 budget-denials
;; says: refused 5 times
;; rows: open, refusal 701 x5, end 307

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (if (i32.lt_s (memory.grow (i32.const 18)) (i32.const 0)) (then unreachable))
      (memory.fill (i32.const 65536) (i32.const 97) (i32.const 1000000))
      (loop $for-ever
        (call $log-emit (i32.const 1) (i32.const 65536) (i32.const 1000000) (i32.const 1024))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
