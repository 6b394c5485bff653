;; Attack: hands the host a list that begins where no element may.
;; grants: sql
;; verdict: 801 run-trapped
;; says: aligned
;; rows: open, end 801

(component
  ;; include: memory
  ;; include: sql
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "sql" "query" (func $sql-query (param i32 i32 i32 i32 i32)))
    (data (i32.const 16) "select 1")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (call $sql-query (i32.const 16) (i32.const 8) (i32.const 65) (i32.const 1) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "sql" (instance $sql))))
  ;; include: agent
)
