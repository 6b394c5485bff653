;; Attack: forty core instances of a module that has nothing in it: each costs the host something.
;; admission: component-resources
;; says: instances

(component
  (core module $one (global i32 (i32.const 0)))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one)) (core instance (instantiate $one))
  ;; include: memory
  (core module $m (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
