;; Attack: asks to send requests to anybody.
;; admission: component-imports
;; says: wasi:http/types@0.2.0, wasi:http/outgoing-handler@0.2.0

(component
  (import "wasi:http/types@0.2.0" (instance
    (export "outgoing-request" (type (sub resource)))
    (export "fields" (type (sub resource)))))
  (import "wasi:http/outgoing-handler@0.2.0" (instance
    (export "outgoing-request" (type $r (sub resource)))
    (export "handle" (func (param "request" (own $r))))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
