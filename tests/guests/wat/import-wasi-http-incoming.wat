;; Attack: asks to answer requests from anybody, as a server's handler would.
;; admission: component-imports
;; says: wasi:http/incoming-handler@0.2.0

(component
  (import "wasi:http/incoming-handler@0.2.0" (instance
    (export "incoming-request" (type $r (sub resource)))
    (export "handle" (func (param "request" (own $r))))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
