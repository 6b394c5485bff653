  (type $refusal-record (record
    (field "code" u16) (field "name" string) (field "message" string) (field "remedy" string)))
  (export $refusal "refusal" (type $refusal-record))
  (type $failure-variant (variant
    (case "refused" $refusal) (case "invalid-input" string) (case "failed" string)))
  (export $failure "failure" (type $failure-variant))
