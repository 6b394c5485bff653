;; Attack: returns what is neither a result nor a failure.
;; verdict: 801 run-trapped
;; says: discriminant
;; rows: open, end 801

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 7))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
