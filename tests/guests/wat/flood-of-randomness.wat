;; Attack: draws as many bytes as a call gives, until all replies together are too many.
;; grants: random
;; budget: result-bytes=1048576
;; verdict: 307 budget-denials
;; says: refused 5 times
;; rows: open, outcome 0 x16, refusal 306 x5, end 307

(component
  ;; include: memory
  ;; include: random
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "random" "bytes" (func $random-bytes (param i32 i32)))
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (loop $for-ever
        (call $random-bytes (i32.const 65536) (i32.const 1024))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "random" (instance $random))))
  ;; include: agent
)
