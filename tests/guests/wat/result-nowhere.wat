;; Attack: returns its result at an address that no memory has.
;; verdict: 801 run-trapped
;; says: out of bounds
;; rows: open, end 801

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (i32.const -8)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
