;; Attack: one component inside it lends another a handle, and that one still holds it when it returns, to use it later.
;; verdict: 801 run-trapped
;; says: borrow handles still remain
;; rows: open, end 801

(component
  (component $owner
    (type $thing-type (resource (rep i32)))
    (export $thing "thing" (type $thing-type))
    (core func $new (canon resource.new $thing-type))
    (core module $makes
      (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 1))))
    (core instance $makes (instantiate $makes (with "" (instance (export "new" (func $new))))))
    (func (export "make") (result (own $thing)) (canon lift (core func $makes "make"))))
  (component $keeper
    (import "thing" (type $thing (sub resource)))
    (core module $keeps (func (export "keep") (param i32)))
    (core instance $keeps (instantiate $keeps))
    (func (export "keep") (param "it" (borrow $thing)) (canon lift (core func $keeps "keep"))))
  (component $agent
    (import "thing" (type $thing (sub resource)))
    (import "make" (func $make (result (own $thing))))
    (import "keep" (func $keep (param "it" (borrow $thing))))
    ;; include: memory
    (core func $make-core (canon lower (func $make)))
    (core func $keep-core (canon lower (func $keep)))
    (core module $m
      (import "" "make" (func $make (result i32)))
      (import "" "keep" (func $keep (param i32)))
      (func (export "run") (param i32 i32) (result i32)
        (call $keep (call $make))
        unreachable))
    (core instance $i (instantiate $m
      (with "" (instance (export "make" (func $make-core)) (export "keep" (func $keep-core))))))
    ;; include: agent
  )
  (instance $owner (instantiate $owner))
  (alias export $owner "thing" (type $thing))
  (instance $keeper (instantiate $keeper (with "thing" (type $thing))))
  (instance $agent (instantiate $agent
    (with "thing" (type $thing)) (with "make" (func $owner "make")) (with "keep" (func $keeper "keep"))))
  ;; include: types
  (export "run" (func $agent "run")
    (func (param "input" string) (result (result string (error $failure)))))
)
