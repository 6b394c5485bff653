;; Attack: takes all there is and goes on when it is told no: only the run's own limit may be seen by the guest. It
;; has 1 MiB, so 15 more pages than its first.
;; budget: memory=1048576
;; verdict: done
;; result: 16
;; rows: open, end 0

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (data (i32.const 16) "?? ")
    (func (export "run") (param i32 i32) (result i32)
      (loop $more
        (br_if $more (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
      (i32.store8 (i32.const 16) (i32.add (i32.const 48) (i32.div_u (memory.size) (i32.const 10))))
      (i32.store8 (i32.const 17) (i32.add (i32.const 48) (i32.rem_u (memory.size) (i32.const 10))))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 2))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
