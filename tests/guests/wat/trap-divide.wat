;; Attack: divides by zero.
;; verdict: 801 run-trapped
;; says: divide by zero
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32)
      (i32.div_u (i32.const 1) (i32.const 0))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
