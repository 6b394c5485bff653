;; Attack: logs 16 KiB of opening brackets, for whoever takes a message that looks like JSON for JSON.
;; grants: log
;; budget: log-bytes=65536
;; verdict: done
;; result: true
;; rows: open, outcome 0, end 0

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (memory.fill (i32.const 8192) (i32.const 91) (i32.const 16384))
      (call $log-emit (i32.const 1) (i32.const 8192) (i32.const 16384) (i32.const 1024))
      (if (i32.load8_u (i32.const 1024)) (then unreachable))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 4))
      (i32.const 2048)))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
