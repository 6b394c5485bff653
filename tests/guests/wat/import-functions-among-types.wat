;; Attack: hides a function in the interface that has types only and needs no grant.
;; grants: log
;; admission: component-imports
;; says: casemate:agent/types@0.1.0

(component
  (import "casemate:agent/types@0.1.0" (instance (export "open-the-door" (func (result u64)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
