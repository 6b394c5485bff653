;; Attack: names its imports by address and by digest, for a host that would fetch them.
;; admission: component-imports
;; says: url=<https://example.org/evil.wasm>, unlocked-dep=<evil:thing@{>=1.0.0}>

(component
  (import "url=<https://example.org/evil.wasm>" (func))
  (import "unlocked-dep=<evil:thing@{>=1.0.0}>" (func))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
