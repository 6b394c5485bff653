;; Attack: exports its `run` within an interface of another version's world.
;; admission: component-world
;; says: run

(component
  (component $inner
    ;; include: memory
    (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    ;; include: agent
  )
  (instance $inner (instantiate $inner))
  (export "casemate:agent/agent@0.2.0" (instance $inner))
)
