;; Attack: grows by 4 GiB less one page in one step and uses the answer as an address.
;; verdict: 303 budget-memory
;; says: the run's budget `memory`, 16777216
;; rows: open, end 303

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (i32.store (i32.mul (memory.grow (i32.const 65535)) (i32.const 65536)) (i32.const 1))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
