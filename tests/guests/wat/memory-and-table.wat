;; Attack: holds what it may in memory and then as much again in a table, where a limit of memories would not look.
;; budget: memory=1048576
;; verdict: 303 budget-memory
;; says: the run's budget `memory`, 1048576
;; rows: open, end 303

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (table $t 0 funcref)
    (func (export "run") (param i32 i32) (result i32)
      (if (i32.lt_s (memory.grow (i32.const 11)) (i32.const 0)) (then (return (i32.const 2048))))
      (loop $more
        (if (i32.lt_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0)) (then unreachable))
        (br $more))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
