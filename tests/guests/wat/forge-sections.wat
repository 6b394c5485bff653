;; Attack: carries sections that look like those of a compiled artefact, for a host that would take its word for code
;; that was checked. They are custom sections: nobody reads them.
;; verdict: done
;; result: true
;; rows: open, end 0

(component
  (@custom ".wasmtime.engine" "\00\01\02\03det-1/wasmtime-48.0.8")
  (@custom ".wasmtime.info" "\ff\ff\ff\ff\ff\ff\ff\ff")
  (@custom ".text" "\cc\cc\cc\cc\cc\cc\cc\cc")
  (@custom "casemate:artefact" "\7fELF\02\01\01")
  ;; include: memory
  (core module $m
    (@custom ".wasmtime.traps" (before type) "\00\00\00\00")
    (@custom ".rodata.wasm" "\00\00\00\00")
    (import "mem" "memory" (memory 1))
    (data (i32.const 16) "true")
    (func (export "run") (param i32 i32) (result i32)
      (i32.store8 (i32.const 2048) (i32.const 0))
      (i32.store (i32.const 2052) (i32.const 16))
      (i32.store (i32.const 2056) (i32.const 4))
      (i32.const 2048))
  )
  (core instance $i (instantiate $m (with "mem" (instance $mem))))
  ;; include: agent
)
