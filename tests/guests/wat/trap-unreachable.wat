;; Attack: gives up in the plainest way.
;; verdict: 801 run-trapped
;; says: unreachable
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32)
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
