;; Attack: has pages of one byte, of which a limit of pages would let it have many.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (core module $m
    (memory 100 (pagesize 1))
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
