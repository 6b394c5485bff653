;; Attack: drops a handle twice.
;; verdict: 801 run-trapped
;; says: unknown handle
;; rows: open, end 801

(component
  ;; include: memory
  (type $thing (resource (rep i32)))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32 i32) (result i32)
      (local $handle i32)
      (local.set $handle (call $new (i32.const 1)))
      (call $drop (local.get $handle))
      (call $drop (local.get $handle))
      unreachable))
  (core instance $i (instantiate $m
    (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  ;; include: agent
)
