;; Attack: asks for the host's streams and for waiting on them.
;; admission: component-imports
;; says: wasi:io/error@0.2.0, wasi:io/poll@0.2.0, wasi:io/streams@0.2.0

(component
  (import "wasi:io/error@0.2.0" (instance
    (export "error" (type $e (sub resource)))
    (export "[method]error.to-debug-string" (func (param "self" (borrow $e)) (result string)))))
  (import "wasi:io/poll@0.2.0" (instance
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (import "wasi:io/streams@0.2.0" (instance
    (export "output-stream" (type $s (sub resource)))
    (export "input-stream" (type (sub resource)))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $s)) (result u64)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
