//! Admission: whether bytes are an agent, and whether everything it imports is granted. It doesn't know the tools
//! behind the imports.

use std::sync::OnceLock;

use casemate_abi::{MANIFEST_SECTION, PACKAGE, VERSION, limits};
use casemate_bindings::AgentPre;
use casemate_gate::Digest;
use casemate_gate::call::Tool;
use casemate_gate::policy::{Grants, Manifest, PolicyError};
use wasmparser::{Parser, Payload};
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

use super::guest::Guest;

/// Why a component is not run.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// Larger than a component may be.
    #[error("make the component smaller: it has {0} bytes and may have {limit}", limit = limits::COMPONENT_BYTES)]
    TooLarge(usize),
    /// A core module, not a component.
    #[error("make a component of it: this is a core WebAssembly module")]
    Module,
    /// Not WebAssembly, cut short, or using what the profile doesn't have.
    #[error(
        "build the component again: it is not WebAssembly, was cut short, or uses a feature that agents don't have"
    )]
    Malformed(#[source] wasmtime::Error),
    /// It carries no manifest.
    #[error("build the component with its casemate.toml: it carries no manifest")]
    NoManifest,
    /// It carries a manifest that can't be used.
    #[error("correct the agent's casemate.toml")]
    Manifest(#[source] PolicyError),
    /// It doesn't export what an agent exports.
    #[error("export the world `{PACKAGE}/agent@{VERSION}`: the component has no function `run` of its type")]
    World,
    /// It imports what is not granted.
    #[error("grant these imports in manifest and policy, or remove them from the component: {}", .0.join(", "))]
    Imports(Vec<String>),
}

impl ComponentError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "component-too-large",
            Self::Module => "component-module",
            Self::Malformed(_) => "component-malformed",
            Self::NoManifest => "component-no-manifest",
            Self::Manifest(_) => "component-manifest",
            Self::World => "component-world",
            Self::Imports(_) => "component-imports",
        }
    }
}

/// A component that was parsed and compiled, and not yet admitted.
pub struct Loaded {
    digest: Digest,
    manifest: Manifest,
    component: Component,
    imports: Vec<String>,
    // What `instantiate_pre` works out is the same for every run that is admitted.
    prepared: OnceLock<AgentPre<Guest>>,
}

impl Loaded {
    pub(super) fn new(engine: &Engine, bytes: &[u8]) -> Result<Self, ComponentError> {
        if bytes.len() > limits::COMPONENT_BYTES {
            return Err(ComponentError::TooLarge(bytes.len()));
        }
        if Parser::is_core_wasm(bytes) {
            return Err(ComponentError::Module);
        }
        let component = Component::from_binary(engine, bytes).map_err(ComponentError::Malformed)?;
        let kind = component.component_type();
        let carries_authority = |item: &ComponentItem| !matches!(item, ComponentItem::Type(_));
        let imports = kind
            .imports(engine)
            .filter(|(_, import)| carries_authority(&import.ty))
            .map(|(name, _)| name.to_owned())
            .collect();
        let text = manifest_text(bytes)?;
        let manifest = Manifest::parse(&text).map_err(ComponentError::Manifest)?;
        Ok(Self { digest: Digest::of(bytes), manifest, component, imports, prepared: OnceLock::new() })
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

    pub(super) fn admit(&self, linker: &Linker<Guest>, grants: &Grants) -> Result<Admitted, ComponentError> {
        let offending: Vec<String> = self.imports.iter().filter(|name| !granted(name, grants)).cloned().collect();
        if !offending.is_empty() {
            return Err(ComponentError::Imports(offending));
        }
        if let Some(prepared) = self.prepared.get() {
            return Ok(Admitted { prepared: prepared.clone() });
        }
        let instance = linker.instantiate_pre(&self.component).map_err(ComponentError::Malformed)?;
        let prepared = AgentPre::new(instance).map_err(|_| ComponentError::World)?;
        let _raced = self.prepared.set(prepared.clone());
        Ok(Admitted { prepared })
    }
}

/// A component that may run: every import is granted.
pub struct Admitted {
    pub(super) prepared: AgentPre<Guest>,
}

/// An import is granted when it is the interface of a tool of which some operation is, in the version that the host
/// has. The interface `types` holds types only.
fn granted(name: &str, grants: &Grants) -> bool {
    let interface = name
        .strip_prefix(PACKAGE)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.strip_suffix(VERSION))
        .and_then(|rest| rest.strip_suffix('@'));
    match interface {
        Some("types") => true,
        Some(interface) => [Tool::Sql, Tool::Kv, Tool::Log, Tool::Clock, Tool::Random]
            .into_iter()
            .any(|tool| tool.name() == interface && grants.import(tool)),
        None => false,
    }
}

/// The manifest travels as a custom section of the component itself; a section of a module inside it doesn't count.
fn manifest_text(bytes: &[u8]) -> Result<String, ComponentError> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| ComponentError::Malformed(wasmtime::Error::new(error)))? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 1 && section.name() == MANIFEST_SECTION => {
                return String::from_utf8(section.data().to_vec()).map_err(|_| ComponentError::NoManifest);
            }
            _ => {}
        }
    }
    Err(ComponentError::NoManifest)
}
