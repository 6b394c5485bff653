;; Attack: asks for the host's environment, exit, standard streams and terminals.
;; admission: component-imports
;; says: wasi:cli/environment@0.2.0, wasi:cli/exit@0.2.0, wasi:cli/stdin@0.2.0, wasi:cli/stdout@0.2.0, wasi:cli/stderr@0.2.0, wasi:cli/terminal-input@0.2.0, wasi:cli/terminal-output@0.2.0, wasi:cli/terminal-stdin@0.2.0, wasi:cli/terminal-stdout@0.2.0, wasi:cli/terminal-stderr@0.2.0

(component
  (import "wasi:cli/environment@0.2.0" (instance
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))
    (export "initial-cwd" (func (result (option string))))))
  (import "wasi:cli/exit@0.2.0" (instance
    (export "exit" (func (param "status" (result))))))
  (import "wasi:cli/stdin@0.2.0" (instance
    (export "input-stream" (type $s (sub resource)))
    (export "get-stdin" (func (result (own $s))))))
  (import "wasi:cli/stdout@0.2.0" (instance
    (export "output-stream" (type $s (sub resource)))
    (export "get-stdout" (func (result (own $s))))))
  (import "wasi:cli/stderr@0.2.0" (instance
    (export "output-stream" (type $s (sub resource)))
    (export "get-stderr" (func (result (own $s))))))
  (import "wasi:cli/terminal-input@0.2.0" (instance
    (export "terminal-input" (type (sub resource)))))
  (import "wasi:cli/terminal-output@0.2.0" (instance
    (export "terminal-output" (type (sub resource)))))
  (import "wasi:cli/terminal-stdin@0.2.0" (instance
    (export "terminal-input" (type $t (sub resource)))
    (export "get-terminal-stdin" (func (result (option (own $t)))))))
  (import "wasi:cli/terminal-stdout@0.2.0" (instance
    (export "terminal-output" (type $t (sub resource)))
    (export "get-terminal-stdout" (func (result (option (own $t)))))))
  (import "wasi:cli/terminal-stderr@0.2.0" (instance
    (export "terminal-output" (type $t (sub resource)))
    (export "get-terminal-stderr" (func (result (option (own $t)))))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
