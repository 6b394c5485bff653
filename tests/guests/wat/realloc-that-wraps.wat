;; Attack: when the host asks where to put the input, it points where the end wraps around.
;; verdict: 801 run-trapped
;; says: beyond end of memory
;; rows: open, end 801

(component
  (core module $m
    (memory (export "memory") 1)
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const -1))
    (func (export "run") (param i32 i32) (result i32)
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
