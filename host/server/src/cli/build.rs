//! `casemate build`: from the agent in a folder to its component. It doesn't know how that is done, nor how a component
//! is run.

use std::fs;
use std::path::{Path, PathBuf};

use casemate_gate::Digest;
use casemate_gate::policy::Manifest;
use casemate_toolchain::{Cargo, Compilation, Compiler, Project, ToolchainError};
use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, Global, output};
use crate::sandbox::ComponentError;

/// Build an agent.
#[derive(Debug, clap::Args)]
pub(super) struct Build {
    /// Folder of the agent's package
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// Where the component goes [default: target/NAME.wasm in the folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A component that was built.
pub(super) struct Built {
    pub(super) bytes: Vec<u8>,
    agent: String,
    path: PathBuf,
    imports: Vec<String>,
}

/// An agent whose folder was read and whose compiler is there.
struct Prepared {
    compilation: Compilation,
    manifest: String,
    agent: String,
    path: PathBuf,
}

impl Build {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        component(&self.folder, self.out).await?.print(global.format);
        Ok(Exit::Done)
    }
}

/// Builds the agent in a folder. Dropping the future ends the compiler.
pub(super) async fn component(folder: &Path, out: Option<PathBuf>) -> Result<Built, CliError> {
    let folder = folder.to_owned();
    let prepared = tokio::task::spawn_blocking(move || prepare(&folder, out));
    let Prepared { compilation, manifest, agent, path } = prepared.await.map_err(|error| interrupted(&error))??;
    let (command, modules) = compilation.into_parts();
    let program = command.get_program().display().to_string();
    let mut cargo = tokio::process::Command::from(command);
    let status = cargo.kill_on_drop(true).status().await;
    let status = status.map_err(|cause| ToolchainError::Start { program, cause })?;
    let modules = modules.after(status)?;
    let packed = tokio::task::spawn_blocking(move || {
        let module = modules.first().map(PathBuf::as_path).unwrap_or(Path::new(""));
        let read = |cause| ToolchainError::File { verb: "read", path: module.to_owned(), cause };
        let bytes = casemate_toolchain::pack(&fs::read(module).map_err(read)?, &manifest)?;
        casemate_toolchain::write(&path, &bytes)?;
        Ok::<_, ToolchainError>(Built { imports: casemate_toolchain::imports(&bytes)?, bytes, agent, path })
    });
    Ok(packed.await.map_err(|error| interrupted(&error))??)
}

/// Everything that can be wrong with the folder is looked at before anything is compiled.
fn prepare(folder: &Path, out: Option<PathBuf>) -> Result<Prepared, CliError> {
    let cargo = Cargo::default();
    let project = Project::read(&cargo, folder)?;
    let package = project.package_in(folder)?;
    let manifest = casemate_toolchain::manifest(folder)?;
    Manifest::parse(&manifest).map_err(ComponentError::Manifest)?;
    let compiler = Compiler::find_or_install(folder)?;
    let target = project.target.clone();
    let path = out.unwrap_or_else(|| target.join(format!("{}.wasm", package.name)));
    let compilation = Compilation::new(&cargo, &compiler, &project, &project.root, &target, &[package])?;
    Ok(Prepared { compilation, manifest, agent: package.name.clone(), path })
}

fn interrupted(error: &tokio::task::JoinError) -> CliError {
    CliError::new("host-interrupted", "build again: the build was interrupted").because(error)
}

impl Built {
    pub(super) fn print(&self, format: Format) {
        let here = std::env::current_dir().unwrap_or_default();
        let path = self.path.strip_prefix(here).unwrap_or(&self.path).display().to_string();
        let digest = Digest::of(&self.bytes);
        match format {
            Format::Json => output::line(
                &json!({
                    "type": "built",
                    "agent": self.agent,
                    "component": path,
                    "bytes": self.bytes.len(),
                    "digest": digest.to_string(),
                    "imports": self.imports,
                })
                .to_string(),
            ),
            Format::Human => {
                let row = |name: &str, value: String| vec![name.to_owned(), value];
                let mut rows = vec![
                    row("component", path),
                    row("size", format!("{} bytes", self.bytes.len())),
                    row("digest", digest.to_string()),
                ];
                let names = self.imports.iter().enumerate();
                rows.extend(names.map(|(at, name)| row(if at == 0 { "imports" } else { "" }, name.clone())));
                output::line(&output::table(&["built", &self.agent], rows));
            }
        }
    }
}
