//! `wasi:io/error`: what went wrong with a stream, in words without anything of the host in them. It doesn't know
//! streams.

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::call::{Held, define, define_resource};
use super::{Guest, name};

/// Why an operation on a stream failed.
pub(super) struct Failure {
    pub(super) words: String,
    /// Where it was a file's.
    pub(super) code: Option<ErrorCode>,
}

impl Held for Failure {}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut error = linker.instance(&name("io/error"))?;
    define_resource::<Failure>(&mut error, "error")?;
    define(&mut error, "[method]error.to-debug-string", |host, (failure,): (Resource<Failure>,)| {
        Ok((host.held(&failure)?.words.clone(),))
    })
}
