//! From a core module to a component with its manifest, and onto the disk in one step.

use std::fs;
use std::path::Path;

use wasm_encoder::{ComponentSection, CustomSection};
use wit_component::ComponentEncoder;

use super::{Error, Guest};

/// Makes a component of a core module and puts the guest's manifest into it.
pub(super) fn pack(guest: &Guest, module: &Path) -> Result<Vec<u8>, Error> {
    let path = guest.folder.join("casemate.toml");
    let manifest = fs::read_to_string(&path).map_err(|error| {
        let fix = "every guest needs a `casemate.toml` beside its `Cargo.toml`";
        Error::new(format!("{}; {fix}", Error::file("read", &path, &error)))
    })?;
    if manifest.len() > casemate_abi::limits::MANIFEST_BYTES {
        let most = casemate_abi::limits::MANIFEST_BYTES;
        return Err(Error::new(format!("{}: a manifest has {most} bytes at most", path.display())));
    }
    let bytes = fs::read(module).map_err(|error| Error::file("read", module, &error))?;
    let mut component = encode(&bytes)
        .map_err(|error| Error::new(format!("{} can't be made a component: {error}", guest.folder.display())))?;
    append_manifest(&mut component, &manifest);
    Ok(component)
}

/// The component of a core module, validated; or the whole chain of what is wrong with it.
fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let encoder = ComponentEncoder::default().module(module).map_err(|error| format!("{error:#}"))?;
    encoder.validate(true).encode().map_err(|error| format!("{error:#}"))
}

/// Appends the manifest as a custom section of the component itself.
fn append_manifest(component: &mut Vec<u8>, manifest: &str) {
    let section = CustomSection { name: casemate_abi::MANIFEST_SECTION.into(), data: manifest.as_bytes().into() };
    section.append_to_component(component);
}

/// Writes a file so that nobody ever sees half of it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| Error::file("make", folder, &error))?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&temporary, bytes).map_err(|error| Error::file("write", &temporary, &error))?;
    fs::rename(&temporary, path).map_err(|error| Error::file("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::{append_manifest, encode};

    #[test]
    fn the_manifest_stands_at_the_end_of_the_component() {
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        append_manifest(&mut component, "[agent]");
        assert_eq!(component, b"\0asm\x0d\0\x01\0\0\x19\x11casemate:manifest[agent]");
    }

    #[test]
    fn what_is_no_module_is_refused_with_a_reason() {
        let error = encode(b"not wasm");
        assert!(error.is_err_and(|error| error.contains("magic")));
    }
}
