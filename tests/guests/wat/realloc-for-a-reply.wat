;; Attack: takes the input where it belongs, and points behind its memory when the host asks where to put a reply.
;; grants: random
;; verdict: 801 run-trapped
;; says: beyond end of memory
;; rows: open, outcome 0, end 801

(component
  (core module $libc
    (memory (export "memory") 1)
    (global $calls (mut i32) (i32.const 0))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      ;; The input comes first and is put where it belongs.
      (if (result i32) (i32.eq (global.get $calls) (i32.const 1))
        (then (i32.const 4096))
        (else (i32.const 65533)))))
  (core instance $mem (instantiate $libc))
  ;; include: random
  (core module $m
    (import "random" "bytes" (func $bytes (param i32 i32)))
    (func (export "run") (param i32 i32) (result i32)
      (call $bytes (i32.const 16) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "random" (instance $random))))
  ;; include: agent
)
