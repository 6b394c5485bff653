;; Attack: returns its result where no record may begin.
;; verdict: 801 run-trapped
;; says: aligned
;; rows: open, end 801

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (i32.const 2047)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
