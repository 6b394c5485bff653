  (import "casemate:agent/clock@0.1.0" (instance $clock-interface
    (type $r (record
      (field "code" u16) (field "name" string) (field "message" string) (field "remedy" string)))
    (export "refusal" (type $refusal (eq $r)))
    (export "now" (func (result (result u64 (error $refusal)))))
    (export "sleep" (func (param "milliseconds" u64) (result (result (error $refusal)))))))
  (core func $clock-now (canon lower (func $clock-interface "now")
    (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
  (core func $clock-sleep (canon lower (func $clock-interface "sleep")
    (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
  (core instance $clock
    (export "now" (func $clock-now))
    (export "sleep" (func $clock-sleep)))
