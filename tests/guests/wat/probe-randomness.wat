;; Attack: draws twice, to learn something of the machine or of another run: each run has a seed of its own, and no
;; two draws are the same.
;; grants: random
;; verdict: done
;; rows: open, outcome 0 x2, end 0

(component
  ;; include: memory
  ;; include: random
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "random" "bytes" (func $random-bytes (param i32 i32)))
    (data (i32.const 16) "\"                                 \"")
    (func $hex (param $value i64) (param $at i32)
      (local $left i32) (local $digit i32)
      (local.set $left (i32.const 16))
      (loop $next
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (local.set $digit (i32.and (i32.wrap_i64 (local.get $value)) (i32.const 15)))
        (i32.store8 (i32.add (local.get $at) (local.get $left))
          (i32.add (local.get $digit)
            (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
        (local.set $value (i64.shr_u (local.get $value) (i64.const 4)))
        (br_if $next (local.get $left))))
    (func $draw (param $at i32)
      (call $random-bytes (i32.const 8) (i32.const 1024))
      (if (i32.load8_u (i32.const 1024)) (then unreachable))
      (call $hex (i64.load (i32.load (i32.const 1028))) (local.get $at)))
    (func (export "run") (param i32 i32) (result i32)
      (call $draw (i32.const 17))
      (call $draw (i32.const 34))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 35))
      (i32.const 2048)))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "random" (instance $random))))
  ;; include: agent
)
