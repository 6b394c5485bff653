  (import "casemate:agent/log@0.1.0" (instance $log-interface
    (type $r (record
      (field "code" u16) (field "name" string) (field "message" string) (field "remedy" string)))
    (export "refusal" (type $refusal (eq $r)))
    (type $l (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $l)))
    (export "emit" (func (param "level" $level) (param "message" string)
      (result (result (error $refusal)))))))
  (core func $log-emit (canon lower (func $log-interface "emit")
    (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
  (core instance $log
    (export "emit" (func $log-emit)))
