;; Attack: calls the host while it should only clean up behind its result.
;; grants: log
;; verdict: 801 run-trapped
;; says: cannot leave component instance
;; rows: open, end 801

(component
  ;; include: memory
  ;; include: log
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $emit (param i32 i32 i32 i32)))
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 4))
      (i32.const 2048))
    (func (export "after") (param i32)
      (call $emit (i32.const 1) (i32.const 16) (i32.const 4) (i32.const 1024))))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: types
  (func (export "run") (param "input" string) (result (result string (error $failure)))
    (canon lift (core func $i "run") (memory $mem "memory") (realloc (func $mem "cabi_realloc"))
      (post-return (func $i "after"))))
)
