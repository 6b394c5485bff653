//! `casemate pack`: puts a manifest into a component that another tool chain made, so that it can be run. It doesn't know
//! whether the component is an agent; `casemate run` says so.

use std::path::PathBuf;

use casemate_abi::limits;
use casemate_gate::policy::Manifest;

use super::exit::Exit;
use super::{CliError, input};
use crate::sandbox::anatomy::{Anatomy, Kind};

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
        takes_one(&Anatomy::read(&bytes)?)?;
        casemate_toolchain::append_manifest(&mut bytes, &text);
        if bytes.len() > limits::COMPONENT_BYTES {
            let message = format!("make the component smaller: with its manifest it has {} bytes", bytes.len());
            return Err(CliError::new("component-too-large", message));
        }
        casemate_toolchain::write(&self.out, &bytes)?;
        Ok(Exit::Done)
    }
}

/// Refuses what is no component, and one that has its manifest: nobody should have to guess which of two counts.
fn takes_one(anatomy: &Anatomy) -> Result<(), CliError> {
    Err(match anatomy {
        Anatomy { kind: Kind::Module, .. } => {
            CliError::new("component-module", "make a component of it: this is a core WebAssembly module")
        }
        Anatomy { kind: Kind::Precompiled, .. } => {
            let message = "name the component itself: this is machine code, which is never run";
            CliError::new("component-precompiled", message)
        }
        Anatomy { manifest: Some(_), .. } => {
            let message = "build the component without a manifest, or leave it as it is: it has one";
            CliError::new("component-has-manifest", message)
        }
        _ => return Ok(()),
    })
}
