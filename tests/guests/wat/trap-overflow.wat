;; Attack: divides the smallest number by -1.
;; verdict: 801 run-trapped
;; says: overflow
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32)
      (i32.div_s (i32.const 0x80000000) (i32.const -1))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
