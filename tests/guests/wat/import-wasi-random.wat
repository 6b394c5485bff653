;; Attack: asks for the host's randomness, secure and insecure.
;; admission: component-imports
;; says: wasi:random/random@0.2.0, wasi:random/insecure@0.2.0, wasi:random/insecure-seed@0.2.0

(component
  (import "wasi:random/random@0.2.0" (instance
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:random/insecure@0.2.0" (instance
    (export "get-insecure-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:random/insecure-seed@0.2.0" (instance
    (export "insecure-seed" (func (result (tuple u64 u64))))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
