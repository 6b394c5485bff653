;; Attack: asks for versions that nobody has: an old release candidate, one of the future, and none at all.
;; admission: component-imports
;; says: wasi:clocks/wall-clock@0.2.0-rc-2023-11-10, wasi:clocks/wall-clock@9.9.9, wasi:clocks/wall-clock

(component
  (import "wasi:clocks/wall-clock@0.2.0-rc-2023-11-10" (instance
    (export "now" (func (result u64)))))
  (import "wasi:clocks/wall-clock@9.9.9" (instance
    (export "now" (func (result u64)))))
  (import "wasi:clocks/wall-clock" (instance
    (export "now" (func (result u64)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
