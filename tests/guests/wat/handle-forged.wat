;; Attack: asks for what stands behind a handle that nobody ever gave it.
;; verdict: 801 run-trapped
;; says: unknown handle
;; rows: open, end 801

(component
  ;; include: memory
  (type $thing (resource (rep i32)))
  (core func $rep (canon resource.rep $thing))
  (core module $m
    (import "" "rep" (func $rep (param i32) (result i32)))
    (func (export "run") (param i32 i32) (result i32)
      (i32.load offset=0 (call $rep (i32.const 1)))
      )
    (memory 1))
  (core instance $i (instantiate $m (with "" (instance (export "rep" (func $rep))))))
  ;; include: agent
)
