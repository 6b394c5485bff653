;; Attack: keeps a second stack and switches to it.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (core module $m
    (type $f (func))
    (type $k (cont $f))
    (func (param (ref null $f)) (drop (cont.new $k (local.get 0))))
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
