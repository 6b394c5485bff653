;; Attack: two memories, each within the limit, together beyond it.
;; budget: memory=16777216
;; verdict: 303 budget-memory
;; says: the run's budget `memory`, 16777216
;; rows: open, end 303

(component
  (core module $half (memory (export "memory") 160))
  (core instance $first (instantiate $half))
  (core instance $mem (instantiate $half))
  (core module $m
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: types
  (func (export "run") (param "input" string) (result (result string (error $failure)))
    (canon lift (core func $i "run") (memory $mem "memory") (realloc (func $i "cabi_realloc"))))
)
