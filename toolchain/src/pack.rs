//! From a core module to a component with its manifest, and onto the disk in one step.

use std::fs;
use std::path::Path;

use casemate_abi::{MANIFEST_SECTION, limits};
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{ComponentTypeRef, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::error::ToolchainError;
use crate::names;

/// The text of the manifest in an agent's folder, `casemate.toml`.
///
/// # Errors
/// [`ToolchainError`] when there is none, or it is too large.
pub fn manifest(folder: &Path) -> Result<String, ToolchainError> {
    let path = folder.join("casemate.toml");
    let text = fs::read_to_string(&path).map_err(|cause| ToolchainError::NoManifest { path: path.clone(), cause })?;
    if text.len() > limits::MANIFEST_BYTES { Err(ToolchainError::ManifestTooLarge(path)) } else { Ok(text) }
}

/// Makes a component of a core module and puts the agent's manifest into it.
///
/// # Errors
/// [`ToolchainError::Encode`] for a module that is no agent.
pub fn pack(module: &[u8], manifest: &str) -> Result<Vec<u8>, ToolchainError> {
    let module = names::readable(module).map_err(|error| ToolchainError::Encode(error.into()))?;
    let mut component = encode(&module).map_err(|reason| ToolchainError::Encode(reason.into()))?;
    append_manifest(&mut component, manifest);
    Ok(component)
}

/// What a component imports, in its own order. Types carry no authority and are left out.
///
/// # Errors
/// [`ToolchainError::Malformed`].
pub fn imports(component: &[u8]) -> Result<Vec<String>, ToolchainError> {
    let mut depth = 0_usize;
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(ToolchainError::Malformed)? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import.map_err(ToolchainError::Malformed)?;
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        imports.push(import.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(imports)
}

/// Writes a file so that nobody ever sees half of it.
///
/// # Errors
/// [`ToolchainError::File`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), ToolchainError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(ToolchainError::file("make", folder))?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&temporary, bytes).map_err(ToolchainError::file("write", &temporary))?;
    fs::rename(&temporary, path).map_err(ToolchainError::file("write", path))
}

/// The component of a core module, validated; or the whole chain of what is wrong with it.
fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let encoder = ComponentEncoder::default().module(module).map_err(|error| format!("{error:#}"))?;
    encoder.validate(true).encode().map_err(|error| format!("{error:#}"))
}

/// Appends the manifest as a custom section of the component itself.
pub fn append_manifest(component: &mut Vec<u8>, manifest: &str) {
    let section = CustomSection { name: MANIFEST_SECTION.into(), data: manifest.as_bytes().into() };
    section.append_to_component(component);
}

#[cfg(test)]
mod tests {
    use super::{append_manifest, pack};

    #[test]
    fn the_manifest_stands_at_the_end_of_the_component() {
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        append_manifest(&mut component, "[agent]");
        assert_eq!(component, b"\0asm\x0d\0\x01\0\0\x19\x11casemate:manifest[agent]");
    }

    #[test]
    fn what_is_no_module_is_refused_with_a_reason() {
        let error = pack(b"not wasm", "").expect_err("it is no module");
        assert_eq!(error.code(), "component-encode");
        let reason = std::error::Error::source(&error).map(ToString::to_string);
        assert!(reason.is_some_and(|reason| reason.contains("magic")), "{error:?}");
    }
}
