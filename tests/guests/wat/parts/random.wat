  (import "casemate:agent/random@0.1.0" (instance $random-interface
    (type $r (record
      (field "code" u16) (field "name" string) (field "message" string) (field "remedy" string)))
    (export "refusal" (type $refusal (eq $r)))
    (export "bytes" (func (param "length" u32) (result (result (list u8) (error $refusal)))))))
  (core func $random-bytes (canon lower (func $random-interface "bytes")
    (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
  (core instance $random
    (export "bytes" (func $random-bytes)))
