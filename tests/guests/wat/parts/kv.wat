  (import "casemate:agent/kv@0.1.0" (instance $kv-interface
    (type $r (record
      (field "code" u16) (field "name" string) (field "message" string) (field "remedy" string)))
    (export "refusal" (type $refusal (eq $r)))
    (export "get" (func (param "key" string) (result (result (option (list u8)) (error $refusal)))))
    (export "set" (func (param "key" string) (param "value" (list u8))
      (result (result (error $refusal)))))))
  (core func $kv-get (canon lower (func $kv-interface "get")
    (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
  (core func $kv-set (canon lower (func $kv-interface "set")
    (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
  (core instance $kv
    (export "get" (func $kv-get))
    (export "set" (func $kv-set)))
