;; Attack: one instruction that does the work of a million. Bulk operations pay for each byte, or this would run for
;; minutes on a little fuel.
;; verdict: 302 budget-fuel
;; says: the run's budget `fuel`
;; rows: open, end 302

(component
  (core module $m
    (memory (export "memory") 64)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (loop $for-ever
        (memory.fill (i32.const 0) (i32.const 7) (i32.const 4194304))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
