;; Attack: never gets as far as `run`, because the module's start function loops while it is instantiated.
;; budget: fuel=1000000000
;; verdict: 302 budget-fuel
;; says: for making its instance: 100000000 of 100000000 burned
;; rows: open, end 302

(component
  ;; include: memory
  (core module $m
    (func $start (loop $for-ever (br $for-ever)))
    (start $start)
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
