//! Admission: whether everything that a component imports is granted, and whether it fits into the pool. It doesn't know
//! the tools behind the imports, nor how code is made of a component.

use casemate_abi::{PACKAGE, VERSION};
use casemate_bindings::AgentPre;
use casemate_gate::Digest;
use casemate_gate::policy::{Grants, Manifest, PolicyError};
use wasmtime::component::{Component, Linker};

use super::anatomy::{AnatomyError, Interface};
use super::candidate::Candidate;
use super::compile::CompileError;
use super::guest::Guest;
use super::pool::{self, CORE_INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES};

/// Why a component is not run.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The file can't be read as what it claims to be.
    #[error(transparent)]
    Unreadable(#[from] AnatomyError),
    /// A core module, not a component.
    #[error("make a component of it: this is a core WebAssembly module")]
    Module,
    /// Code that was compiled elsewhere.
    #[error("give the WebAssembly component itself: code that was compiled elsewhere is never run")]
    Precompiled,
    /// Breaking WebAssembly's rules, or using what the profile doesn't have.
    #[error("build the component again: it breaks WebAssembly's rules or uses a feature that agents don't have")]
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
    /// It imports a granted interface by another form than it has.
    #[error("import Casemate's interfaces in the form that version {VERSION} of `{PACKAGE}` gives them")]
    Interface(#[source] wasmtime::Error),
    /// The policy names the components that it admits, and this is none of them.
    #[error("add `{0}` to the policy's `[pin]` for this agent, once you have checked the component")]
    NotPinned(Digest),
    /// It needs more of the pool than one component may have.
    #[error("build the component with fewer {what}: it needs {needed} and may have {limit}")]
    Resources {
        /// Of what.
        what: &'static str,
        /// How many.
        needed: u64,
        /// At most.
        limit: u64,
    },
    /// The pool can't hold it, for a reason of wasmtime's.
    #[error("build the component smaller: it takes more of the pool than one component may have")]
    TooMuch(#[source] wasmtime::Error),
    /// The compiler could not be started, or did not survive the component.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

impl ComponentError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.code(),
            Self::Module => "component-module",
            Self::Precompiled => "component-precompiled",
            Self::Malformed(_) => "component-malformed",
            Self::NoManifest => "component-no-manifest",
            Self::Manifest(_) => "component-manifest",
            Self::World => "component-world",
            Self::Imports(_) | Self::Interface(_) => "component-imports",
            Self::NotPinned(_) => "component-not-pinned",
            Self::Resources { .. } | Self::TooMuch(_) => "component-resources",
            Self::Compile(error) => error.code(),
        }
    }
}

/// A component that was compiled, and not yet admitted under a policy.
pub struct Loaded {
    digest: Digest,
    manifest: Manifest,
    imports: Vec<String>,
    prepared: AgentPre<Guest>,
    shares: u32,
}

impl Loaded {
    pub(super) fn new(
        candidate: &Candidate,
        component: &Component,
        linker: &Linker<Guest>,
    ) -> Result<Self, ComponentError> {
        let shares = fits(component, candidate.core_instances())?;
        let instance = linker.instantiate_pre(component).map_err(ComponentError::Interface)?;
        let prepared = AgentPre::new(instance).map_err(|_| ComponentError::World)?;
        Ok(Self {
            digest: candidate.digest(),
            manifest: candidate.manifest().clone(),
            imports: candidate.imports().to_vec(),
            prepared,
            shares,
        })
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

    pub(super) fn admit(&self, grants: &Grants) -> Result<Admitted, ComponentError> {
        check_imports(&self.imports, grants)?;
        Ok(Admitted { prepared: self.prepared.clone(), shares: self.shares })
    }
}

/// A component that may run: every import is granted.
pub struct Admitted {
    pub(super) prepared: AgentPre<Guest>,
    /// Shares of the pool that an instance takes.
    pub(super) shares: u32,
}

/// Refuses a component of which some import is not granted.
pub(super) fn check_imports(imports: &[String], grants: &Grants) -> Result<(), ComponentError> {
    let is_granted = |name: &&String| Interface::of(name).is_granted(grants);
    let offending: Vec<String> = imports.iter().filter(|name| !is_granted(name)).cloned().collect();
    if offending.is_empty() { Ok(()) } else { Err(ComponentError::Imports(offending)) }
}

/// The shares of the pool that a component takes; refuses one that it could never hold, and one that instantiates what
/// it imports, which can't be judged.
fn fits(component: &Component, core_instances: u32) -> Result<u32, ComponentError> {
    let unknown = ComponentError::Resources { what: "imported modules", needed: 1, limit: 0 };
    let required = component.resources_required().ok_or(unknown)?;
    let table_elements = required.max_initial_table_size.unwrap_or(0);
    for (what, needed, limit) in [
        ("core instances", core_instances.into(), CORE_INSTANCES.into()),
        ("memories", required.num_memories.into(), MEMORIES.into()),
        ("tables", required.num_tables.into(), TABLES.into()),
        ("elements in one table", table_elements, TABLE_ELEMENTS as u64),
    ] {
        if needed > limit {
            return Err(ComponentError::Resources { what, needed, limit });
        }
    }
    Ok(pool::shares(core_instances, required.num_memories, required.num_tables))
}
