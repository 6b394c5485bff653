;; Attack: makes calls until the fuel that each costs is used up, long before the calls are.
;; grants: clock
;; budget: fuel=100000 calls=1000000
;; verdict: 302 budget-fuel
;; says: the run's budget `fuel`
;; rows: open, outcome 0 many, end 302

(component
  ;; include: memory
  ;; include: clock
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "clock" "now" (func $clock-now (param i32)))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (loop $for-ever
        (call $clock-now (i32.const 1024))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "clock" (instance $clock))))
  ;; include: agent
)
