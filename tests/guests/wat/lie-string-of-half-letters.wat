;; Attack: says that its strings are UTF-16 and hands over one half of a letter without the other.
;; grants: log
;; verdict: 801 run-trapped
;; says: unpaired surrogate
;; rows: open, end 801

(component
  ;; include: memory
  (import "casemate:agent/log@0.1.0" (instance $log-interface
    (type $r (record
      (field "code" u16) (field "name" string) (field "message" string) (field "remedy" string)))
    (export "refusal" (type $refusal (eq $r)))
    (type $l (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $l)))
    (export "emit" (func (param "level" $level) (param "message" string)
      (result (result (error $refusal)))))))
  (core func $log-emit (canon lower (func $log-interface "emit") string-encoding=utf16
    (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
  (core instance $log (export "emit" (func $log-emit)))
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "log" "emit" (func $log-emit (param i32 i32 i32 i32)))
    (data (i32.const 16) "\00\d8")
    (func (export "run") (param $input i32) (param $length i32) (result i32)
      (call $log-emit (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 1024))
      unreachable))
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "log" (instance $log))))
  ;; include: agent
)
