;; Attack: one byte of data at the beginning of a gigabyte and one at its end, for a host that would keep the image
;; of all that lies between.
;; verdict: 303 budget-memory
;; says: the run's budget `memory`, 16777216
;; rows: open, end 303

(component
  (core module $m
    (memory (export "memory") 16384)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (data (i32.const 0) "a")
    (data (i32.const 1073741823) "z")
    (func (export "run") (param $input i32) (param $length i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: alone
)
