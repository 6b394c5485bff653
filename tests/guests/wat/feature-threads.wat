;; Attack: shares a memory, for what a second thread would see of it.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (core module $m
    (memory 1 1 shared)
    (func (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
