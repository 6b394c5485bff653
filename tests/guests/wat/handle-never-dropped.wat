;; Attack: keeps handles of its own when it returns, so that somebody else has to clean up: the store goes with the run.
;; verdict: done
;; result: true
;; rows: open, end 0

(component
  ;; include: memory
  (core module $ends (func (export "end") (param i32) (loop $for-ever (br $for-ever))))
  (core instance $ends (instantiate $ends))
  (type $thing (resource (rep i32) (dtor (func $ends "end"))))
  (core func $new (canon resource.new $thing))
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "" "new" (func $new (param i32) (result i32)))
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (drop (call $new (i32.const 1)))
      (drop (call $new (i32.const 2)))
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 4))
      (i32.const 2048)))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "" (instance (export "new" (func $new))))))
  ;; include: agent
)
