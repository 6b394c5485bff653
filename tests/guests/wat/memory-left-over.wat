;; Attack: looks for what another guest left in its memory, fills it with marks of its own, and gives it up by
;; waiting; then again. It finds nothing but zeros, ever.
;; grants: clock
;; budget: calls=9 fuel=200000000
;; verdict: done
;; result: "clean"
;; rows: open, intent 0 + outcome 0 x8, end 0

(component
  ;; include: memory
  ;; include: clock
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "clock" "sleep" (func $sleep (param i64 i32)))
    (data (i32.const 16) "\"clean\"")
    (func $look-and-mark
      (local $at i32)
      ;; 3 MiB: more than what the pool sets to zero itself, so that its other way is looked at too.
      (if (i32.lt_s (memory.grow (i32.const 48)) (i32.const 0)) (then unreachable))
      (local.set $at (i32.const 65536))
      (loop $next
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
        (i64.store (local.get $at) (i64.const 0x5a5a5a5a5a5a5a5a))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 3211264)))))
    (func (export "run") (param i32 i32) (result i32)
      (local $times i32)
      (call $look-and-mark)
      (loop $again
        (call $sleep (i64.const 1) (i32.const 1024))
        (local.set $times (i32.add (local.get $times) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $times) (i32.const 8))))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 7))
      (i32.const 2048))
  )
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "clock" (instance $clock))))
  ;; include: agent
)
