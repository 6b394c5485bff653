;; Attack: two memories in one module, which grow in turn, each within the limit.
;; budget: memory=1048576
;; verdict: 303 budget-memory
;; says: the run's budget `memory`, 1048576
;; rows: open, end 303

(component
  (core module $m
    (memory $one (export "memory") 1)
    (memory $other 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (loop $more
        (if (i32.lt_s (memory.grow $one (i32.const 1)) (i32.const 0)) (then unreachable))
        (if (i32.lt_s (memory.grow $other (i32.const 1)) (i32.const 0)) (then unreachable))
        (br $more))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
