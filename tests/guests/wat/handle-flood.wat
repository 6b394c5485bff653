;; Attack: makes handles of a resource of its own until the host's table of them is full.
;; verdict: 801 run-trapped
;; says: handle limit
;; rows: open, end 801

(component
  ;; include: memory
  (type $thing (resource (rep i32)))
  (core func $new (canon resource.new $thing))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "run") (param i32 i32) (result i32)
      (loop $more (drop (call $new (i32.const 1))) (br $more))
      unreachable))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  ;; include: agent
)
