//! The one way out of this crate: on WebAssembly each call goes to the host's import, elsewhere to the script of the test
//! that is being run. It doesn't know what a call is for.

#[cfg(target_family = "wasm")]
mod imports;
#[cfg(not(target_family = "wasm"))]
mod scripted;

#[cfg(target_family = "wasm")]
pub(crate) use imports::*;
#[cfg(not(target_family = "wasm"))]
pub(crate) use scripted::*;
