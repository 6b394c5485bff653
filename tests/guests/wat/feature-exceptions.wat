;; Attack: throws an exception and catches it.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (core module $m
    (tag $oops)
    (func (block $caught (try_table (catch_all $caught) (throw $oops))))
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
