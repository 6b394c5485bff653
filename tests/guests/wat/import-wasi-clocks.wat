;; Attack: asks for the host's clocks.
;; admission: component-imports
;; says: wasi:clocks/wall-clock@0.2.0, wasi:clocks/monotonic-clock@0.2.0, wasi:clocks/timezone@0.2.0

(component
  (import "wasi:clocks/wall-clock@0.2.0" (instance
    (type $d (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $d)))
    (export "now" (func (result $datetime)))
    (export "resolution" (func (result $datetime)))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance
    (export "now" (func (result u64)))
    (export "resolution" (func (result u64)))))
  (import "wasi:clocks/timezone@0.2.0" (instance
    (export "utc-offset" (func (result s32)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
