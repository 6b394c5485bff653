;; Attack: returns a failure whose message is half a megabyte: the host keeps 4 KiB of it.
;; verdict: 802 run-failed
;; says: aaaa
;; rows: open, end 802

(component
  (core module $m
    (memory (export "memory") 12)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (memory.fill (i32.const 65536) (i32.const 97) (i32.const 500000))
      (i32.store8 (i32.const 2048) (i32.const 1))
      (i32.store8 (i32.const 2052) (i32.const 2))
      (i32.store (i32.const 2056) (i32.const 65536))
      (i32.store (i32.const 2060) (i32.const 500000))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
