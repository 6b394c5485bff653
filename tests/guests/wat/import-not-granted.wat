;; Attack: asks for all that the host has; its manifest asks for one.
;; grants: log
;; admission: component-imports
;; says: casemate:agent/kv@0.1.0, casemate:agent/sql@0.1.0, casemate:agent/clock@0.1.0, casemate:agent/random@0.1.0

(component
  (import "casemate:agent/kv@0.1.0" (instance (export "get" (func))))
  (import "casemate:agent/sql@0.1.0" (instance (export "query" (func))))
  (import "casemate:agent/clock@0.1.0" (instance (export "now" (func))))
  (import "casemate:agent/random@0.1.0" (instance (export "bytes" (func))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
