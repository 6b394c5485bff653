;; Attack: asks for a granted function by another type than it has: a pointer of its own instead of a text.
;; grants: log
;; admission: component-imports
;; says: casemate:agent/log@0.1.0

(component
  (import "casemate:agent/log@0.1.0" (instance
    (export "emit" (func (param "level" u64) (param "message" u64) (result u64)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
