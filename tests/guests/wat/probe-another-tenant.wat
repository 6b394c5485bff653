;; Attack: says in its log and in its result that it is another tenant's run. Nobody asked: whose it is was settled
;; before its first instruction.
;; grants: log
;; verdict: done
;; result: {"tenant":"globex","run":"00000000-0000-0000-0000-000000000000"}
;; rows: open, outcome 0, end 0

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (data (i32.const 16) "{\"tenant\":\"globex\",\"run\":\"00000000-0000-0000-0000-000000000000\"}")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (call $log-emit (i32.const 1) (i32.const 16) (i32.const 64) (i32.const 1024))
      (if (i32.load8_u (i32.const 1024)) (then unreachable))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 64))
      (i32.const 2048)))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
