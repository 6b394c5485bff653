  ;; Memory with an allocator that never frees, for what the host hands over.
  (core module $libc
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 4096))
    (func (export "cabi_realloc")
      (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at
        (i32.and
          (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (block $fits
        (br_if $fits
          (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $fits
          (i32.ge_s
            (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $size) (i32.const 65536))))
            (i32.const 0)))
        unreachable)
      (local.get $at)))
  (core instance $mem (instantiate $libc))
