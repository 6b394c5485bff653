;; Attack: grows a table past what the profile lets any table have, with memory to spare: it is told no at the same
;; size on every machine.
;; budget: memory=16777216
;; verdict: done
;; result: true
;; rows: open, end 0

(component
  ;; include: memory
  (core module $m
    (import "mem" "memory" (memory 1))
    (table $t 0 funcref)
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (loop $more
        (br_if $more (i32.ge_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0))))
      (if (i32.ne (table.size $t) (i32.const 100000)) (then unreachable))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 4))
      (i32.const 2048)))
  (core instance $i (instantiate $m (with "mem" (instance $mem))))
  ;; include: agent
)
