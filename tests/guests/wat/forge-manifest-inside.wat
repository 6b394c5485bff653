;; Attack: carries no manifest but one inside its core module, where its author's tool would not have put it.
;; manifest: none
;; admission: component-no-manifest
;; says: no manifest

(component
  ;; include: memory
  (core module $m
    (@custom "casemate:manifest" "[agent]\0aname = \22forged\22\0aversion = \221\22\0a")
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
