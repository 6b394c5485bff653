;; Attack: a component inside it that is never used, and whose types make the validator itself fail: a resource that is
;; another one by the time it is compared.
;; admission: component-compile-failed
;; says: did not survive it

(component
  (component $inner
    (import "key" (type $key (sub resource)))
    (import "given" (component $given
      (alias outer $inner $key (type $outer-key))
      (import "key" (type $its-key (eq $outer-key)))
      (type $owned (own $its-key))
      (import "owned" (type $its-owned (eq $owned)))
      (export "take" (func (param "it" $its-owned)))))
    (component $wants
      (import "key" (type $wanted (sub resource)))
      (import "given" (component
        (alias outer $wants $wanted (type $outer-key))
        (import "key" (type $its-key (eq $outer-key)))
        (type $owned (own $its-key))
        (import "owned" (type $its-owned (eq $owned)))
        (export "take" (func (param "it" $its-owned))))))
    (instance (instantiate $wants (with "key" (type $key)) (with "given" (component $given)))))
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
