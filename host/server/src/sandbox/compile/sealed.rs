//! Native code on its way into the engine: copied into memory that nobody can change any more, not even this process,
//! and mapped from there, so that agents share its pages. It doesn't know where the code comes from.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::{CompileError, ComponentError};

/// Loads code that this host made.
pub(super) fn load(engine: &Engine, code: &[u8]) -> Result<Component, ComponentError> {
    let file = seal(code).map_err(CompileError::Machine)?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    // SAFETY: the bytes were made by this host's own compiler process with this engine's settings: they come over the
    // pipe from it, or from the cache with the host's MAC. They are sealed, so they stay what they are.
    #[expect(unsafe_code, reason = "running code that was compiled before is what this module is for")]
    let loaded = unsafe { Component::deserialize_file(engine, path) };
    // It was compiled by the same engine's settings, so what is wrong with it now is that the pool can't hold it.
    loaded.map_err(ComponentError::TooMuch)
}

fn seal(code: &[u8]) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 don't know the first form, and need it as little.
    let memory =
        memfd_create("casemate-code", flags | MemfdFlags::EXEC).or_else(|_| memfd_create("casemate-code", flags))?;
    let mut file = File::from(memory);
    file.write_all(code)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::seal;
    use std::io::{Seek as _, Write as _};

    #[test]
    fn sealed_memory_stays_what_it_is() -> std::io::Result<()> {
        let mut file = seal(b"code")?;
        file.rewind()?;
        assert!(file.write_all(b"edoc").is_err());
        assert!(file.set_len(1).is_err() && file.set_len(10).is_err());
        Ok(())
    }
}
