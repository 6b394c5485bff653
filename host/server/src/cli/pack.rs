//! `casemate pack`: puts a manifest into a component that another tool chain made, so that it can be run. It doesn't know
//! whether the component is an agent; `casemate run` says so.

use std::path::{Path, PathBuf};

use casemate_abi::{MANIFEST_SECTION, limits};
use casemate_gate::policy::Manifest;
use wasmparser::{Encoding, Parser, Payload};

use super::exit::Exit;
use super::{CliError, input};

/// Put a manifest into a component.
#[derive(Debug, clap::Args)]
pub(super) struct Pack {
    /// The component, as its own tool chain made it
    component: PathBuf,
    /// The agent's manifest
    #[arg(long, value_name = "FILE", default_value = "casemate.toml")]
    manifest: PathBuf,
    /// Where the component with its manifest is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Pack {
    pub(super) fn carry_out(self) -> Result<Exit, CliError> {
        let text = input::manifest(&self.manifest)?;
        Manifest::parse(&text)?;
        let mut bytes = input::component(&self.component)?;
        without_manifest(&bytes)?;
        append(&mut bytes, text.as_bytes());
        if bytes.len() > limits::COMPONENT_BYTES {
            let message = format!("make the component smaller: with its manifest it has {} bytes", bytes.len());
            return Err(CliError::new("component-too-large", message));
        }
        write(&self.out, &bytes)?;
        Ok(Exit::Done)
    }
}

/// Refuses what is no component, or one that has its manifest: there would be two, and one of them would not count.
fn without_manifest(bytes: &[u8]) -> Result<(), CliError> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| {
            CliError::new("component-malformed", "build the component again: it is cut short or damaged")
                .because(&error)
        })?;
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                let message = "make a component of it: this is a core WebAssembly module";
                return Err(CliError::new("component-module", message));
            }
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 1 && section.name() == MANIFEST_SECTION => {
                let message = "build the component without a manifest, or leave it as it is: it has one";
                return Err(CliError::new("component-has-manifest", message));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Appends the manifest as a custom section of the component itself.
fn append(component: &mut Vec<u8>, manifest: &[u8]) {
    let name = MANIFEST_SECTION.as_bytes();
    let mut section = Vec::new();
    number(&mut section, name.len());
    section.extend_from_slice(name);
    section.extend_from_slice(manifest);
    component.push(0);
    number(component, section.len());
    component.append(&mut section);
}

/// An unsigned number as WebAssembly writes it (LEB128).
fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or_default());
}

/// Writes the file so that nobody ever sees half of it.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.persist(path).map(drop).map_err(|error| error.error)
    });
    written.map_err(|error| {
        CliError::new("input-out", format!("name a file that can be written: {} can't", path.display())).because(&error)
    })
}
