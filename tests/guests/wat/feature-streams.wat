;; Attack: makes streams, whose buffers the host would hold.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (type $s (stream u8))
  (core func $new (canon stream.new $s))
  (core module $m
    (import "" "new" (func $new (result i64)))
    (func (export "run") (param i32 i32) (result i32)
      (loop $more (drop (call $new)) (br $more))
      unreachable))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
  ;; include: agent
)
