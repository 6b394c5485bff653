;; Attack: hands the host a string of 1 GiB that is really there. The host must not copy it before it asks how long it
;; is.
;; grants: log
;; budget: memory=1090519040
;; verdict: 701 tool-argument
;; says: more than 1048576 bytes
;; rows: open, end 701

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (if (i32.lt_s (memory.grow (i32.const 16384)) (i32.const 0)) (then (return (i32.const 0))))
      (call $log-emit (i32.const 1) (i32.const 0) (i32.const 1073741824) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
