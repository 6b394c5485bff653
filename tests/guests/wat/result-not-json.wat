;; Attack: returns text that is no document.
;; verdict: 802 run-failed
;; says: not JSON
;; rows: open, end 802

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (data (i32.const 16) "{\"a\": 1,")
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 8))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
