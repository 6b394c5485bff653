//! The fuzz target `manifest`. It doesn't know more than its body does, which ordinary tests run too.

#![no_main]

#[path = "../src/manifest.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::run(data));
