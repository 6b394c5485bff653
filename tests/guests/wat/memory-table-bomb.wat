;; Attack: grows a table without end. Elements are the host's pointers, eight bytes each.
;; budget: memory=524288
;; verdict: 303 budget-memory
;; says: the run's budget `memory`, 524288
;; rows: open, end 303

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (table $t 0 funcref)
    (func (export "run") (param i32 i32) (result i32)
      (loop $more
        (if (i32.lt_s (table.grow $t (ref.null func) (i32.const 4000)) (i32.const 0)) (then unreachable))
        (br $more))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
