;; Attack: returns a document of 100,000 brackets inside each other.
;; verdict: 802 run-failed
;; says: not JSON
;; rows: open, end 802

(component
  (core module $m
    (memory (export "memory") 5)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (memory.fill (i32.const 65536) (i32.const 91) (i32.const 100000))
      (memory.fill (i32.const 165536) (i32.const 93) (i32.const 100000))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 65536))
      (i32.store (i32.const 2056) (i32.const 200000))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
