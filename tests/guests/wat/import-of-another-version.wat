;; Attack: asks for a version of a granted interface that this host doesn't have.
;; grants: log
;; admission: component-imports
;; says: casemate:agent/log@0.2.0, casemate:agent/log

(component
  (import "casemate:agent/log@0.2.0" (instance (export "emit" (func (param "message" string)))))
  (import "casemate:agent/log" (instance (export "emit" (func (param "message" string)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
