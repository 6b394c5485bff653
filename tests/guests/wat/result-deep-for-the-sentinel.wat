;; Attack: returns a document that JSON's reader takes and that is too deep to be searched for personal data.
;; verdict: 403 pii-too-large
;; says: 64 deep
;; rows: open, end 403

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (memory.fill (i32.const 4096) (i32.const 91) (i32.const 100))
      (memory.fill (i32.const 4196) (i32.const 93) (i32.const 100))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 4096))
      (i32.store (i32.const 2056) (i32.const 200))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
