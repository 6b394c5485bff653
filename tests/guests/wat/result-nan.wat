;; Attack: makes NaNs in four ways and with marks of its own in them, and returns whether any two differ: a NaN that carries bits would be the processor's word.
;; verdict: done
;; result: true
;; rows: open, end 0

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (local $other i64)
      (local.set $other (i64.reinterpret_f64 (f64.div (f64.const 0) (f64.const 0))))
      (if (i64.ne (local.get $other) (i64.const 0x7ff8000000000000)) (then unreachable))
      (if (i64.ne (local.get $other)
            (i64.reinterpret_f64 (f64.add (f64.const nan:0x4000000001234) (f64.const 1))))
        (then unreachable))
      (if (i64.ne (local.get $other)
            (i64.reinterpret_f64 (f64.sub (f64.const inf) (f64.const inf))))
        (then unreachable))
      (if (i64.ne (local.get $other) (i64.reinterpret_f64 (f64.sqrt (f64.const -1))))
        (then unreachable))
      (if (i32.ne (i32.const 0x7fc00000)
            (i32.reinterpret_f32 (f32.demote_f64 (f64.const -nan:0x7000000000001))))
        (then unreachable))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 4))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
