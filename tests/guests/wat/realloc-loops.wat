;; Attack: never answers when the host asks where to put the input.
;; verdict: 302 budget-fuel
;; says: the run's budget `fuel`
;; rows: open, end 302

(component
  (core module $m
    (memory (export "memory") 1)
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (loop $for-ever (br $for-ever)) unreachable)
    (func (export "run") (param i32 i32) (result i32)
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
