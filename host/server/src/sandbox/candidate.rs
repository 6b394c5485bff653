//! Bytes that claim to be an agent, read but not compiled. Reading them costs no more than their length. It doesn't
//! know what is granted.

use std::fmt;

use casemate_gate::Digest;
use casemate_gate::policy::{Manifest, Policy};

use super::admission::{ComponentError, check_imports};
use super::anatomy::{Anatomy, Kind};
use super::pool::CORE_INSTANCES;

/// A component that was read.
#[derive(Clone)]
pub struct Candidate {
    bytes: Vec<u8>,
    digest: Digest,
    manifest: Manifest,
    imports: Vec<String>,
    core_instances: u32,
    code_bytes: u64,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({}, {} bytes)", self.digest, self.bytes.len())
    }
}

impl Candidate {
    /// That it may run under a policy, as far as that can be said before it is compiled.
    ///
    /// # Errors
    /// [`ComponentError::NotPinned`], [`ComponentError::Imports`].
    pub fn may_run_under(&self, policy: &Policy) -> Result<(), ComponentError> {
        if !policy.admits(&self.manifest().agent, self.digest()) {
            return Err(ComponentError::NotPinned(self.digest()));
        }
        check_imports(self.imports(), &policy.grants(self.manifest()))
    }

    /// Reads a component.
    ///
    /// # Errors
    /// [`ComponentError`] for bytes that can't be an agent whatever is granted.
    pub fn read(bytes: Vec<u8>) -> Result<Self, ComponentError> {
        let Anatomy { digest, kind, imports, footprint, manifest, components, code_bytes, .. } = Anatomy::read(&bytes)?;
        match kind {
            Kind::Component => {}
            Kind::Module => return Err(ComponentError::Module),
            // Native code from somebody else would run with every right that the host has.
            Kind::Precompiled => return Err(ComponentError::Precompiled),
        }
        let text = manifest.ok_or(ComponentError::NoManifest)?;
        let manifest = Manifest::parse(&text).map_err(ComponentError::Manifest)?;
        let mut core_instances = u32::try_from(footprint.instances).unwrap_or(u32::MAX);
        // Components inside are joined by modules of wasmtime's own making, and what they alias isn't counted here: such
        // a component is taken for as large as one may be.
        if components > 0 || !footprint.is_whole {
            core_instances = core_instances.max(CORE_INSTANCES);
        }
        Ok(Self { bytes, digest, manifest, imports, core_instances, code_bytes })
    }

    /// What the agent says of itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the component.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The component itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of its functions: what compiling it is made of.
    pub(super) const fn code_bytes(&self) -> u64 {
        self.code_bytes
    }

    /// What it imports that carries authority: everything but types.
    pub(super) fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Core instances that it makes when it is instantiated.
    pub(super) const fn core_instances(&self) -> u32 {
        self.core_instances
    }
}

#[cfg(test)]
mod tests {
    use super::Candidate;
    use crate::sandbox::pool::CORE_INSTANCES;

    const MANIFEST: &str = r#"(@custom "casemate:manifest" "[agent]\nname = \"a\"\nversion = \"1\"\n")"#;

    fn read(inside: &str) -> Result<Candidate, Box<dyn std::error::Error>> {
        Ok(Candidate::read(wat::parse_str(format!("(component {MANIFEST} {inside})"))?)?)
    }

    #[test]
    fn padding_is_no_code() -> Result<(), Box<dyn std::error::Error>> {
        let module = "(core module (func nop nop nop)) (core module (func nop))";
        let plain = read(module)?;
        let padded = read(&format!("{module} (@custom \"pad\" \"{}\")", "x".repeat(1 << 20)))?;
        assert!(padded.bytes().len() > (1 << 20) && plain.code_bytes() > 0);
        assert_eq!(padded.code_bytes(), plain.code_bytes());
        Ok(())
    }

    #[test]
    fn components_in_components_count_as_large_as_one_may_be() -> Result<(), Box<dyn std::error::Error>> {
        let small = "(core module $m) (core instance (instantiate $m))";
        assert_eq!(read(small)?.core_instances(), 1);
        assert_eq!(read(&format!("{small} (component)"))?.core_instances(), CORE_INSTANCES);
        Ok(())
    }
}
