;; Attack: hands the host a JSON document of 100,000 brackets inside each other, for whoever reads it by calling
;; itself.
;; grants: sql
;; budget: denials=1
;; verdict: 307 budget-denials
;; says: refused 1 times
;; rows: open, refusal 501, end 307

(component
  ;; include: memory
  ;; include: sql
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "sql" "query" (func $sql-query (param i32 i32 i32 i32 i32)))
    (data (i32.const 16) "select $1")
    ;; The case `json`, then where the text is and how long.
    (data (i32.const 64) "\06\00\00\00\00\00\00\00\00\00\01\00\40\0d\03\00")
    (func (export "run") (param i32 i32) (result i32)
      (if (i32.lt_s (memory.grow (i32.const 4)) (i32.const 0)) (then unreachable))
      (memory.fill (i32.const 65536) (i32.const 91) (i32.const 100000))
      (memory.fill (i32.const 165536) (i32.const 93) (i32.const 100000))
      (call $sql-query (i32.const 16) (i32.const 9) (i32.const 64) (i32.const 1) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "sql" (instance $sql))))
  ;; include: agent
)
