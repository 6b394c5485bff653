;; Attack: asks for the network.
;; admission: component-imports
;; says: wasi:sockets/network@0.2.0, wasi:sockets/instance-network@0.2.0, wasi:sockets/tcp@0.2.0, wasi:sockets/tcp-create-socket@0.2.0, wasi:sockets/udp@0.2.0, wasi:sockets/udp-create-socket@0.2.0, wasi:sockets/ip-name-lookup@0.2.0

(component
  (import "wasi:sockets/network@0.2.0" (instance
    (export "network" (type (sub resource)))))
  (import "wasi:sockets/instance-network@0.2.0" (instance
    (export "network" (type $n (sub resource)))
    (export "instance-network" (func (result (own $n))))))
  (import "wasi:sockets/tcp@0.2.0" (instance
    (export "tcp-socket" (type $s (sub resource)))
    (export "[method]tcp-socket.is-listening" (func (param "self" (borrow $s)) (result bool)))))
  (import "wasi:sockets/tcp-create-socket@0.2.0" (instance
    (export "create-tcp-socket" (func (result u32)))))
  (import "wasi:sockets/udp@0.2.0" (instance
    (export "udp-socket" (type (sub resource)))))
  (import "wasi:sockets/udp-create-socket@0.2.0" (instance
    (export "create-udp-socket" (func (result u32)))))
  (import "wasi:sockets/ip-name-lookup@0.2.0" (instance
    (export "resolve-address-stream" (type (sub resource)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
