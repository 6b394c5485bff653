//! What a file is made of, read from its bytes alone: nothing is compiled and nothing runs, so a stranger's file is safe
//! to look at. It doesn't know wasmtime, nor what is granted to whom.

mod extent;
mod interface;
mod walk;

use casemate_abi::limits;
use casemate_gate::Digest;
use wasmparser::{Parser, Validator, WasmFeatures};

pub use extent::{Extent, Footprint};
pub use interface::Interface;

/// Most levels of components inside components.
const DEPTH: usize = 32;
/// Most modules, components, instances, imports, exports and globals in all. A compiler holds over a hundred bytes for
/// each global, however few of the file it takes.
const ITEMS: usize = 100_000;

/// Mark of a native object file, and the byte in it by which wasmtime marks its own.
const OBJECT_FILE: &[u8] = b"\x7fELF";
const SYSTEM_AT: usize = 7;
const WASMTIME: u8 = 200;

/// The WebAssembly that profile `det-1` has: wasmtime's own choice without what the profile turns off.
const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL)
    .difference(WasmFeatures::GC_TYPES);

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A component: the only kind that can be an agent.
    Component,
    /// A core module, which a component is made of.
    Module,
    /// Machine code that some wasmtime made from WebAssembly. Nobody can tell what it does; it is never run.
    Precompiled,
}

/// What a file is made of.
#[derive(Debug, Clone)]
pub struct Anatomy {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// Number of bytes.
    pub size: usize,
    /// What kind of file it is.
    pub kind: Kind,
    /// Names of what it imports. Types that are equal to known ones are left out: they carry no authority. A core
    /// module's are `module::name`.
    pub imports: Vec<String>,
    /// Names of what it exports, types left out.
    pub exports: Vec<String>,
    /// Core modules in it, at any depth.
    pub modules: u64,
    /// Components in it, at any depth, itself not counted.
    pub components: u64,
    /// What one instance of it takes before it does anything.
    pub footprint: Footprint,
    /// Bytes of all functions in it, at any depth.
    pub code_bytes: u64,
    /// Text of the manifest that stands in the component itself; one in a module inside it doesn't count.
    pub manifest: Option<String>,
}

/// Why bytes can't be read.
#[derive(Debug, thiserror::Error)]
pub enum AnatomyError {
    /// Larger than a component may be.
    #[error("make the component smaller: it has {0} bytes and may have {limit}", limit = limits::COMPONENT_BYTES)]
    TooLarge(usize),
    /// Something else altogether.
    #[error("name a WebAssembly component: this file does not begin like WebAssembly")]
    Foreign,
    /// Cut short, damaged, or using what agents don't have.
    #[error("build the component again: it was cut short, is damaged, or uses a feature that agents don't have")]
    Malformed(#[from] wasmparser::Error),
    /// The validator did not survive it: a fault of ours that somebody looked for.
    #[error("build the component with other types: the validator does not survive it")]
    Confusing,
    /// A module where a component is announced, or the other way round.
    #[error("build the component again: a section of it holds something else than it says")]
    Mislabelled,
    /// Components inside components inside components.
    #[error("nest components at most {DEPTH} deep")]
    TooDeep,
    /// More parts than anybody would write.
    #[error(
        "make the component of fewer parts: it has more than {ITEMS} modules, instances, imports, exports, globals"
    )]
    TooMany,
    /// A second manifest, which a reader might take for the first.
    #[error("leave one manifest in the component: it carries two")]
    TwoManifests,
    /// The manifest can't be text of a manifest's size.
    #[error("carry the manifest as UTF-8 text of at most {limit} bytes", limit = limits::MANIFEST_BYTES)]
    ManifestText,
}

impl AnatomyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "component-too-large",
            Self::Foreign | Self::Malformed(_) | Self::Confusing | Self::Mislabelled => "component-malformed",
            Self::TooDeep | Self::TooMany => "component-too-complex",
            Self::TwoManifests | Self::ManifestText => "component-manifest",
        }
    }
}

impl Anatomy {
    /// Reads a file's structure. What stands inside functions and types is not looked at: see [`validate`].
    ///
    /// # Errors
    /// [`AnatomyError`] for bytes without such a structure, or with more of it than the limits allow.
    pub fn read(bytes: &[u8]) -> Result<Self, AnatomyError> {
        if bytes.len() > limits::COMPONENT_BYTES {
            return Err(AnatomyError::TooLarge(bytes.len()));
        }
        let (kind, found) = match kind(bytes)? {
            Kind::Precompiled => (Kind::Precompiled, walk::Found::default()),
            kind => (kind, walk::walk(bytes)?),
        };
        let walk::Found { imports, exports, modules, components, footprint, manifest, code_bytes } = found;
        let (digest, size) = (Digest::of(bytes), bytes.len());
        Ok(Self { digest, size, kind, imports, exports, modules, components, footprint, code_bytes, manifest })
    }

    /// Versions of Casemate's world that the imports name, in rising order; an agent has one.
    #[must_use]
    pub fn worlds(&self) -> Vec<&str> {
        let mut versions: Vec<_> = self.imports.iter().filter_map(|name| Interface::version(name)).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    }
}

fn kind(bytes: &[u8]) -> Result<Kind, AnatomyError> {
    if Parser::is_component(bytes) {
        Ok(Kind::Component)
    } else if Parser::is_core_wasm(bytes) {
        Ok(Kind::Module)
    } else if bytes.starts_with(OBJECT_FILE) && bytes.get(SYSTEM_AT) == Some(&WASMTIME) {
        Ok(Kind::Precompiled)
    } else {
        Err(AnatomyError::Foreign)
    }
}

/// Checks every instruction and type by WebAssembly's rules and the profile's features. Nothing is compiled.
///
/// # Errors
/// [`AnatomyError::Malformed`] with the first place that breaks a rule, [`AnatomyError::Confusing`].
pub fn validate(bytes: &[u8]) -> Result<(), AnatomyError> {
    let validate = || Validator::new_with_features(FEATURES).validate_all(bytes).map(drop);
    // Strangers' types have made the validator panic. Compiling has a process of its own for that.
    Ok(std::panic::catch_unwind(validate).map_err(|_| AnatomyError::Confusing)??)
}

#[cfg(test)]
mod tests;
