;; Attack: returns 8 MiB, more than the host would ever copy.
;; verdict: 701 tool-argument
;; says: more than 1048576 bytes
;; rows: open, end 701

(component
  (core module $m
    (memory (export "memory") 200)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 65536))
      (i32.store (i32.const 2056) (i32.const 8388608))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
