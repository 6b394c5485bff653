;; Attack: makes objects that the host would have to collect.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (core module $m
    (type $pair (struct (field i32) (field i32)))
    (func (drop (struct.new $pair (i32.const 1) (i32.const 2))))
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
