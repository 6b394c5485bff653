;; Attack: asks for a function, a component, a core module and a resource under names of nobody's package.
;; admission: component-imports
;; says: open-the-door, all-of-it, the-code, the-key

(component
  (import "open-the-door" (func (param "how" string) (result bool)))
  (import "all-of-it" (component))
  (import "the-code" (core module))
  (import "the-key" (type (sub resource)))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
