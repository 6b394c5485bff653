;; Attack: loops for ever with more fuel than it can burn: only the wall clock can end it.
;; budget: fuel=1000000000000 wall-clock=300
;; verdict: 304 budget-wall-clock
;; says: the run's budget `wall-clock`, 300 ms
;; rows: open, end 304

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (loop $for-ever (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
