;; Attack: hands the host bytes that are no UTF-8, cut in the middle of a letter.
;; grants: log
;; verdict: 801 run-trapped
;; says: utf-8
;; rows: open, end 801

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (data (i32.const 16) "ab\f0\9f")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (call $log-emit (i32.const 1) (i32.const 16) (i32.const 4) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
