;; Attack: uses an operation whose result is the processor's choice.
;; admission: component-malformed
;; says: feature that agents don't have

(component
  ;; include: memory
  (core module $m
    (func (param v128 v128 v128) (result v128)
      (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
