;; Attack: reads the last byte that an address can name.
;; verdict: 801 run-trapped
;; says: out of bounds memory access
;; rows: open, end 801

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (i32.load8_u offset=4294967295 (i32.const -1))))
  (core instance $i (instantiate $m))
  ;; include: alone
)
