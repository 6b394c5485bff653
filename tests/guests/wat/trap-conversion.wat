;; Attack: makes an integer of what is no number.
;; verdict: 801 run-trapped
;; says: conversion to integer
;; rows: open, end 801

(component
  ;; include: memory
  (core module $m
    (func (export "run") (param i32 i32) (result i32)
      (i32.trunc_f64_s (f64.const nan))))
  (core instance $i (instantiate $m))
  ;; include: agent
)
