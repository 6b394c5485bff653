;; Attack: asks for a later patch of a granted interface, for a linker that takes what is near enough.
;; grants: log
;; admission: component-imports
;; says: casemate:agent/log@0.1.7

(component
  (import "casemate:agent/log@0.1.7" (instance (export "emit" (func (param "message" string)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
