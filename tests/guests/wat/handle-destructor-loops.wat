;; Attack: drops a resource whose destructor never returns.
;; verdict: 302 budget-fuel
;; says: the run's budget `fuel`
;; rows: open, end 302

(component
  ;; include: memory
  (core module $ends (func (export "end") (param i32) (loop $for-ever (br $for-ever))))
  (core instance $ends (instantiate $ends))
  (type $thing (resource (rep i32) (dtor (func $ends "end"))))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32 i32) (result i32)
      (call $drop (call $new (i32.const 1)))
      unreachable))
  (core instance $i (instantiate $m
    (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  ;; include: agent
)
