;; Attack: hands the host a list of 100,000 values that are nothing each: a few bytes of the guest's become many of the
;; host's.
;; grants: sql
;; budget: memory=16777216
;; verdict: 701 tool-argument
;; says: more than 1048576 bytes
;; rows: open, end 701

(component
  ;; include: memory
  ;; include: sql
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "sql" "query" (func $sql-query (param i32 i32 i32 i32 i32)))
    (data (i32.const 16) "select 1")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (if (i32.lt_s (memory.grow (i32.const 64)) (i32.const 0)) (then (return (i32.const 0))))
      (call $sql-query (i32.const 16) (i32.const 8) (i32.const 65536) (i32.const 100000) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "sql" (instance $sql))))
  ;; include: agent
)
