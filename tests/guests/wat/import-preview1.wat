;; Attack: its core module speaks WASI's first version, which has no types: the component wants the whole module.
;; admission: component-imports
;; says: wasi-snapshot-preview1

(component
  (import "wasi-snapshot-preview1" (core module $wasi
    (export "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (export "random_get" (func (param i32 i32) (result i32)))
    (export "clock_time_get" (func (param i32 i64 i32) (result i32)))
    (export "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (export "sock_send" (func (param i32 i32 i32 i32 i32) (result i32)))
    (export "proc_exit" (func (param i32)))))
  (core instance $wasi (instantiate $wasi))
  ;; include: memory
  (core module $m
    (import "wasi_snapshot_preview1" "random_get" (func $get (param i32 i32) (result i32)))
    (func (export "run") (param i32 i32) (result i32) (call $get (i32.const 0) (i32.const 16))))
  (core instance $i (instantiate $m (with "wasi_snapshot_preview1" (instance $wasi))))
  ;; include: agent
)
