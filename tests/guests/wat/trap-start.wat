;; Attack: traps before `run` is there to be called.
;; verdict: 801 run-trapped
;; says: unreachable
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (func $start unreachable)
    (start $start)
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
