;; Attack: asks for what other hosts give: keys, blobs, configuration, messages, logs, neural networks, threads.
;; admission: component-imports
;; says: wasi:keyvalue/store@0.2.0-draft, wasi:blobstore/blobstore@0.2.0-draft, wasi:config/store@0.2.0-draft, wasi:messaging/producer@0.2.0-draft, wasi:logging/logging@0.1.0-draft, wasi:nn/inference@0.2.0-rc-2024-10-28

(component
  (import "wasi:keyvalue/store@0.2.0-draft" (instance
    (export "get" (func (param "name" string) (result string)))))
  (import "wasi:blobstore/blobstore@0.2.0-draft" (instance
    (export "get" (func (param "name" string) (result string)))))
  (import "wasi:config/store@0.2.0-draft" (instance
    (export "get" (func (param "name" string) (result string)))))
  (import "wasi:messaging/producer@0.2.0-draft" (instance
    (export "get" (func (param "name" string) (result string)))))
  (import "wasi:logging/logging@0.1.0-draft" (instance
    (export "get" (func (param "name" string) (result string)))))
  (import "wasi:nn/inference@0.2.0-rc-2024-10-28" (instance
    (export "get" (func (param "name" string) (result string)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
