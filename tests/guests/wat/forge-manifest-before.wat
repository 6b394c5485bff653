;; Attack: carries two manifests, the wider one first: which counts must not depend on who reads.
;; grants: log
;; admission: component-manifest
;; says: one manifest

(component
  (@custom "casemate:manifest" "[agent]\0aname = \22forged\22\0aversion = \221\22\0a[[capability]]\0atool = \22random\22\0averbs = [\22read\22]\0a")
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  ;; include: agent
)
