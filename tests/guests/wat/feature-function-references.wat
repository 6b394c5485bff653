;; Attack: calls through a reference that has a type.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (core module $m
    (type $f (func))
    (func (param (ref null $f)) (call_ref $f (local.get 0)))
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
