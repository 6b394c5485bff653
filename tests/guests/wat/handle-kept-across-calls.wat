;; Attack: one component inside it lends another a handle, and that one still holds it when it returns, to use it later.
;; verdict: 801 run-trapped
;; says: borrow handles still remain
;; rows: open, end 801

(component
  (component $keeper
    (import "thing" (type $thing (sub resource)))
    (core module $keeps (func (export "keep") (param i32)))
    (core instance $keeps (instantiate $keeps))
    (func (export "keep") (param "it" (borrow $thing)) (canon lift (core func $keeps "keep"))))
  (type $thing (resource (rep i32)))
  (instance $keeper (instantiate $keeper (with "thing" (type $thing))))
  (core func $new (canon resource.new $thing))
  (core func $keep (canon lower (func $keeper "keep")))
  ;; include: memory
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "keep" (func $keep (param i32)))
    (func (export "run") (param i32 i32) (result i32)
      (call $keep (call $new (i32.const 1)))
      unreachable))
  (core instance $i (instantiate $m
    (with "" (instance (export "new" (func $new)) (export "keep" (func $keep))))))
  ;; include: agent
)
