;; Attack: takes memory page by page and writes to each, until there is none.
;; budget: memory=16777216
;; verdict: 303 budget-memory
;; says: the run's budget `memory`, 16777216
;; rows: open, end 303

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32)
      (local $at i32)
      (loop $more
        (local.set $at (i32.mul (memory.size) (i32.const 65536)))
        (if (i32.lt_s (memory.grow (i32.const 1)) (i32.const 0)) (then unreachable))
        (memory.fill (local.get $at) (i32.const 1) (i32.const 65536))
        (br $more))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
