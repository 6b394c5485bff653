;; Attack: calls the host back while the host is writing a reply into it.
;; grants: random
;; verdict: 801 run-trapped
;; says: cannot leave component instance
;; rows: open, outcome 0, end 801

(component
  ;; The allocator is needed before the host's function can be had, so it gets it through a table, as shims do.
  (core module $libc
    (memory (export "memory") 1)
    (type $bytes (func (param i32 i32)))
    (table (export "table") 1 funcref)
    (global $calls (mut i32) (i32.const 0))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (if (i32.gt_u (global.get $calls) (i32.const 1))
        (then (call_indirect (type $bytes) (i32.const 16) (i32.const 2048) (i32.const 0))))
      (i32.const 4096)))
  (core instance $mem (instantiate $libc))
  ;; include: random
  (core module $m
    (import "mem" "table" (table 1 funcref))
    (import "random" "bytes" (func $bytes (param i32 i32)))
    (elem (i32.const 0) func $bytes)
    (func (export "run") (param i32 i32) (result i32)
      (call $bytes (i32.const 16) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "random" (instance $random))))
  ;; include: agent
)
