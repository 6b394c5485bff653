;; Attack: asks for the same families in their newer version.
;; admission: component-imports
;; says: wasi:cli/environment@0.3.0, wasi:cli/exit@0.3.0, wasi:cli/stdin@0.3.0, wasi:cli/stdout@0.3.0, wasi:cli/stderr@0.3.0, wasi:cli/terminal-input@0.3.0, wasi:cli/terminal-output@0.3.0, wasi:cli/terminal-stdin@0.3.0, wasi:cli/terminal-stdout@0.3.0, wasi:cli/terminal-stderr@0.3.0, wasi:clocks/system-clock@0.3.0, wasi:clocks/monotonic-clock@0.3.0, wasi:filesystem/types@0.3.0, wasi:filesystem/preopens@0.3.0, wasi:random/random@0.3.0, wasi:random/insecure@0.3.0, wasi:random/insecure-seed@0.3.0, wasi:sockets/types@0.3.0, wasi:sockets/ip-name-lookup@0.3.0, wasi:http/types@0.3.0, wasi:http/client@0.3.0, wasi:http/handler@0.3.0

(component
  (import "wasi:cli/environment@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/exit@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/stdin@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/stdout@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/stderr@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/terminal-input@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/terminal-output@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/terminal-stdin@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/terminal-stdout@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:cli/terminal-stderr@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:clocks/system-clock@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:filesystem/types@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:filesystem/preopens@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:random/random@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:random/insecure@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:random/insecure-seed@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:sockets/types@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:sockets/ip-name-lookup@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:http/types@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:http/client@0.3.0" (instance
    (export "get" (func (result u64)))))
  (import "wasi:http/handler@0.3.0" (instance
    (export "get" (func (result u64)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
