;; Attack: asks for no memory at all, for ever: each asking goes through the host's limiter.
;; verdict: 302 budget-fuel
;; says: the run's budget `fuel`
;; rows: open, end 302

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (loop $for-ever
        (drop (memory.grow (i32.const 0)))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
