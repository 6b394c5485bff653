;; Attack: copies a table onto itself for ever; each element has to be paid for.
;; verdict: 302 budget-fuel
;; says: the run's budget `fuel`
;; rows: open, end 302

(component
  ;; include: memory
  (core module $m
    (table $t 50000 funcref)
    (func (export "run") (param i32 i32) (result i32)
      (loop $for-ever
        (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 49999))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
