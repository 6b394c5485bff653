;; Attack: hands the host a string of 1 GiB out of a memory of 64 KiB.
;; grants: log
;; verdict: 801 run-trapped
;; says: out of bounds
;; rows: open, end 801

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (call $log-emit (i32.const 1) (i32.const 0) (i32.const 1073741824) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
