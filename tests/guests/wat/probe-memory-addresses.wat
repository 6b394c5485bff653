;; Attack: looks for addresses of the host: in fresh memory, in what the host wrote, and in what it left beside it.
;; grants: random
;; verdict: done
;; result: true
;; rows: open, outcome 0, end 0

(component
  ;; include: memory
  ;; include: random
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "random" "bytes" (func $random-bytes (param i32 i32)))
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (local $at i32)
      (call $random-bytes (i32.const 0) (i32.const 1024))
      ;; Every byte of the reply's place is what the interface says: a list of no length at an address of ours.
      (if (i32.load8_u (i32.const 1024)) (then unreachable))
      (if (i32.load (i32.const 1032)) (then unreachable))
      (local.set $at (i32.const 8192))
      (loop $next
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 65536))))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 4))
      (i32.const 2048)))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "random" (instance $random))))
  ;; include: agent
)
