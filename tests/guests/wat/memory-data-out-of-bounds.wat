;; Attack: a data segment that begins in the memory and ends behind it.
;; verdict: 801 run-trapped
;; says: out of bounds memory access
;; rows: open, end 801

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (data (i32.const 65530) "0123456789")
    (func (export "run") (param $input i32) (param $length i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
