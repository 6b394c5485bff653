;; Attack: returns a text that lies behind its memory.
;; verdict: 801 run-trapped
;; says: out of bounds
;; rows: open, end 801

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 65530))
      (i32.store (i32.const 2056) (i32.const 100))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
