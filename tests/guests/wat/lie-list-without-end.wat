;; Attack: hands the host a list of as many elements as there are numbers.
;; grants: sql
;; verdict: 801 run-trapped
;; says: out of bounds
;; rows: open, end 801

(component
  ;; include: memory
  ;; include: sql
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "sql" "query" (func $sql-query (param i32 i32 i32 i32 i32)))
    (data (i32.const 16) "select 1")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (call $sql-query (i32.const 16) (i32.const 8) (i32.const 64) (i32.const -1) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "sql" (instance $sql))))
  ;; include: agent
)
