;; Attack: takes all memory when the host asks where to put four bytes.
;; verdict: 303 budget-memory
;; says: the run's budget `memory`
;; rows: open, end 303

(component
  (core module $m
    (memory (export "memory") 1)
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (loop $more (br_if $more (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))) unreachable)
    (func (export "run") (param i32 i32) (result i32)
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
