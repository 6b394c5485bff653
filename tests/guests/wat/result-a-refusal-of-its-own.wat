;; Attack: returns a refusal that no gate made, with a gate's number: only the host's word counts.
;; verdict: 802 run-failed
;; says: the agent gave up on a refusal, 601
;; rows: open, end 802

(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 4096))
    (data (i32.const 16) "audit-unavailable")
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 1))
      (i32.store8 (i32.const 2052) (i32.const 0))
      (i32.store16 (i32.const 2056) (i32.const 601))
      (i32.store (i32.const 2060) (i32.const 16))
      (i32.store (i32.const 2064) (i32.const 17))
      (i32.store (i32.const 2068) (i32.const 16))
      (i32.store (i32.const 2072) (i32.const 17))
      (i32.store (i32.const 2076) (i32.const 16))
      (i32.store (i32.const 2080) (i32.const 17))
      (i32.const 2048)))
  (core instance $i (instantiate $m))
  ;; include: alone
)
