;; Attack: wants the host's reply written behind its memory.
;; grants: log
;; verdict: 801 run-trapped
;; says: out of bounds
;; rows: open, outcome 0, end 801

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (data (i32.const 16) "hi")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (call $log-emit (i32.const 1) (i32.const 16) (i32.const 2) (i32.const 65532))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
