;; Attack: returns a document of 250,000 values: two bytes of the guest's are many of the host's.
;; verdict: 403 pii-too-large
;; says: values
;; rows: open, end 403

(component
  (core module $m
    (memory (export "memory") 12)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.const 65537))
      (i32.store8 (i32.const 65536) (i32.const 91))
      (loop $next
        (i32.store16 (local.get $at) (i32.const 0x2c31))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 565537))))
      (i32.store8 (i32.const 565536) (i32.const 93))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 65536))
      (i32.store (i32.const 2056) (i32.const 500001))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
