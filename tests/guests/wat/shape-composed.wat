;; Attack: two components in one, each with a memory of its own, and a text that one hands to the other: whoever copies
;; it has both memories in hand. The copy is what it should be, and no more.
;; verdict: done
;; result: "hello"
;; rows: open, end 0

(component
  (component $echo
    ;; include: memory
    (core module $m
      (import "mem" "memory" (memory 1))
      (func (export "echo") (param $at i32) (param $length i32) (result i32)
        ;; Next to the text it must find nothing of its neighbour's.
        (if (i32.load8_u (i32.add (local.get $at) (local.get $length))) (then unreachable))
        (i32.store (i32.const 2048) (local.get $at))
        (i32.store (i32.const 2052) (local.get $length))
        (i32.const 2048)))
    (core instance $i (instantiate $m (with "mem" (instance $mem))))
    (func (export "echo") (param "text" string) (result string)
      (canon lift (core func $i "echo") (memory $mem "memory") (realloc (func $mem "cabi_realloc")))))
  (component $agent
    (import "echo" (func $echo (param "text" string) (result string)))
    ;; include: memory
    (core func $echo-core (canon lower (func $echo) (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
    (core module $m
      (import "mem" "memory" (memory 1))
      (import "" "echo" (func $echo (param i32 i32 i32)))
      (data (i32.const 16) "\"hello\" and a secret")
      (func (export "run") (param i32 i32) (result i32)
        ;; The reply's address and length go where the result's belong.
        (call $echo (i32.const 16) (i32.const 7) (i32.const 2052))
        (i32.store8 (i32.const 2048) (i32.const 0))
        (i32.const 2048)))
    (core instance $i (instantiate $m
      (with "mem" (instance $mem)) (with "" (instance (export "echo" (func $echo-core))))))
    ;; include: agent
  )
  (instance $echo (instantiate $echo))
  (instance $agent (instantiate $agent (with "echo" (func $echo "echo"))))
  ;; include: types
  (export "run" (func $agent "run")
    (func (param "input" string) (result (result string (error $failure)))))
)
