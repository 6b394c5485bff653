;; Attack: asks for interfaces whose names look like granted ones.
;; grants: log
;; admission: component-imports
;; says: casemate:agent/logs@0.1.0, casemate:agents/log@0.1.0, casemate:agent/types-and-more@0.1.0

(component
  (import "casemate:agent/logs@0.1.0" (instance (export "emit" (func))))
  (import "casemate:agents/log@0.1.0" (instance (export "emit" (func))))
  (import "casemate:agent/types-and-more@0.1.0" (instance (export "emit" (func))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
