;; Attack: loops for ever and calls nobody, so that only the host can end it.
;; verdict: 302 budget-fuel
;; says: the run's budget `fuel`, 20000000
;; rows: open, end 302

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (loop $for-ever (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
