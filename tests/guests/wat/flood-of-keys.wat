;; Attack: asks for keys that are other agents', one after another.
;; grants: kv
;; verdict: 307 budget-denials
;; says: refused 5 times
;; rows: open, refusal 201 x5, end 307

(component
  ;; include: memory
  ;; include: kv
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "kv" "get" (func $kv-get (param i32 i32 i32)))
    (data (i32.const 16) "assessor/a")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (loop $for-ever
        (call $kv-get (i32.const 16) (i32.const 10) (i32.const 1024))
        (br $for-ever))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "kv" (instance $kv))))
  ;; include: agent
)
