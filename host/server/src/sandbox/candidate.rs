//! Bytes that claim to be an agent, read but not compiled: what kind of file it is, what it imports, what it says of
//! itself. Reading them costs no more than their length. It doesn't know what is granted.

use std::fmt;

use casemate_abi::{MANIFEST_SECTION, limits};
use casemate_gate::Digest;
use casemate_gate::policy::Manifest;
use wasmparser::{ComponentTypeRef, Instance, Parser, Payload};
use wasmtime::{Engine, Precompiled};

use super::admission::ComponentError;

/// Depth to which components may stand in one another.
const DEPTH: usize = 16;

/// A component that was read.
#[derive(Clone)]
pub struct Candidate {
    bytes: Vec<u8>,
    digest: Digest,
    manifest: Manifest,
    imports: Vec<String>,
    core_instances: u32,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({}, {} bytes)", self.digest, self.bytes.len())
    }
}

impl Candidate {
    /// Reads a component.
    ///
    /// # Errors
    /// [`ComponentError`] for bytes that can't be an agent whatever is granted.
    pub fn read(bytes: Vec<u8>) -> Result<Self, ComponentError> {
        if bytes.len() > limits::COMPONENT_BYTES {
            return Err(ComponentError::TooLarge(bytes.len()));
        }
        // Native code from somebody else would run with every right that the host has.
        if matches!(Engine::detect_precompiled(&bytes), Some(Precompiled::Module | Precompiled::Component)) {
            return Err(ComponentError::Precompiled);
        }
        if Parser::is_core_wasm(&bytes) {
            return Err(ComponentError::Module);
        }
        let Outline { manifest, imports, core_instances } = outline(&bytes)?;
        let text = manifest.ok_or(ComponentError::NoManifest)?;
        let manifest = Manifest::parse(&text).map_err(ComponentError::Manifest)?;
        Ok(Self { digest: Digest::of(&bytes), bytes, manifest, imports, core_instances })
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

    /// What it imports that carries authority: everything but types.
    pub(super) fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Core instances that it makes when it is instantiated, as far as they stand in its text.
    pub(super) const fn core_instances(&self) -> u32 {
        self.core_instances
    }
}

#[derive(Default)]
struct Outline {
    manifest: Option<String>,
    imports: Vec<String>,
    core_instances: u32,
}

/// Reads sections of the outermost component, and counts through those inside it. The manifest is a section of the
/// component itself; a section of a module inside it doesn't count.
fn outline(bytes: &[u8]) -> Result<Outline, ComponentError> {
    let malformed = |error| ComponentError::Malformed(wasmtime::Error::new(error));
    let mut found = Outline::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ if depth > DEPTH => return Err(ComponentError::Nested(DEPTH)),
            Payload::CustomSection(section) if depth == 1 && section.name() == MANIFEST_SECTION => {
                let text = String::from_utf8(section.data().to_vec()).map_err(|_| ComponentError::NoManifest)?;
                if found.manifest.replace(text).is_some() {
                    return Err(ComponentError::TwoManifests);
                }
            }
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import.map_err(malformed)?;
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        found.imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    let instantiated = matches!(instance.map_err(malformed)?, Instance::Instantiate { .. });
                    found.core_instances = found.core_instances.saturating_add(u32::from(instantiated));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}
