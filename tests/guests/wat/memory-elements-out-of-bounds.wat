;; Attack: an element segment that begins in the table and ends behind it.
;; verdict: 801 run-trapped
;; says: out of bounds table access
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (table 2 funcref)
    (elem (i32.const 1) func $f $f)
    (func $f)
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
