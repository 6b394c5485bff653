  (import "casemate:agent/sql@0.1.0" (instance $sql-interface
    (type $r (record
      (field "code" u16) (field "name" string) (field "message" string) (field "remedy" string)))
    (export "refusal" (type $refusal (eq $r)))
    (type $e (variant
      (case "null") (case "boolean" bool) (case "integer" s64) (case "float" f64) (case "text" string)
      (case "uuid" string) (case "json" string) (case "bytes" (list u8)) (case "numeric" string)
      (case "date" string) (case "time" string) (case "timestamp" string) (case "timestamp-tz" string)))
    (export "element" (type $element (eq $e)))
    (type $v (variant
      (case "null") (case "boolean" bool) (case "integer" s64) (case "float" f64) (case "text" string)
      (case "uuid" string) (case "json" string) (case "bytes" (list u8)) (case "numeric" string)
      (case "date" string) (case "time" string) (case "timestamp" string) (case "timestamp-tz" string)
      (case "array" (list $element))))
    (export "value" (type $value (eq $v)))
    (type $rs (record (field "columns" (list string)) (field "rows" (list (list $value)))))
    (export "row-set" (type $row-set (eq $rs)))
    (export "query" (func (param "statement" string) (param "parameters" (list $value))
      (result (result $row-set (error $refusal)))))))
  (core func $sql-query (canon lower (func $sql-interface "query")
    (memory $mem "memory") (realloc (func $mem "cabi_realloc"))))
  (core instance $sql
    (export "query" (func $sql-query)))
