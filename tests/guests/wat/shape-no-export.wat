;; Attack: is a component, and has no `run`.
;; admission: component-world
;; says: run

(component
  ;; include: memory
)
