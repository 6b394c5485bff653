;; Attack: exports an asynchronous function, whose order of execution would be the host's choice.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (core func $yield (canon thread.yield))
  (core module $m
    (import "" "yield" (func $yield (result i32)))
    (func (export "run") (param i32 i32) (result i32) (call $yield)))
  (core instance $i (instantiate $m (with "" (instance (export "yield" (func $yield))))))
  ;; include: agent
)
