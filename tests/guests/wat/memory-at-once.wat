;; Attack: asks for 4 GiB in its first breath, before a line of it has run.
;; verdict: 303 budget-memory
;; says: the run's budget `memory`, 16777216
;; rows: open, end 303

(component
  (core module $m
    (memory (export "memory") 65536)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (func (export "run") (param $input i32) (param $length i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
