;; Attack: asks a granted interface for a function that it doesn't have.
;; grants: log
;; admission: component-imports
;; says: casemate:agent/log@0.1.0

(component
  (import "casemate:agent/log@0.1.0" (instance (export "erase-all" (func))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
