;; Attack: returns a result, and traps when the host lets it clean up behind it.
;; verdict: 801 run-trapped
;; says: unreachable
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (import "mem" "memory" (memory 1))
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 4))
      (i32.const 2048))
    (func (export "after") (param i32)
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem))))
  ;; include: types
  (func (export "run") (param "input" string) (result (result string (error $failure)))
    (canon lift (core func $i "run") (memory $mem "memory") (realloc (func $mem "cabi_realloc"))
      (post-return (func $i "after"))))
)
