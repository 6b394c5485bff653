;; Attack: lets the host write the input over the guest's own data: it fools itself alone.
;; verdict: done
;; result: null
;; rows: open, end 0

(component
  (core module $m
    (memory (export "memory") 1)
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 16))
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 0))
(i32.store (i32.const 2052) (i32.const 16))
(i32.store (i32.const 2056) (i32.const 4))
(i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
