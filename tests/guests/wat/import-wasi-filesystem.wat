;; Attack: asks for the host's files.
;; admission: component-imports
;; says: wasi:filesystem/types@0.2.0, wasi:filesystem/preopens@0.2.0

(component
  (import "wasi:filesystem/types@0.2.0" (instance
    (export "descriptor" (type $d (sub resource)))
    (export "[method]descriptor.sync" (func (param "self" (borrow $d))))))
  (import "wasi:filesystem/preopens@0.2.0" (instance
    (export "descriptor" (type $d (sub resource)))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
