//! Everything that the programs need and the repository can't hold. A second time it only looks.

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{cargo, guests as agents, peers, pgbouncer, postgres, python};

/// A compiler for WebAssembly, the guests as components, Postgres's programs.
pub(crate) fn all(workspace: &Workspace) -> Result<(), Error> {
    postgres::ensure()?;
    agents::build(&workspace.root)?;
    Ok(())
}

/// What tests need as well: a guest of another tool chain, implementations to compare with, poolers, and suites
/// that others published.
pub(crate) fn for_tests(workspace: &Workspace) -> Result<(), Error> {
    all(workspace)?;
    python::build(&workspace.root)?;
    peers::ensure(&workspace.root)?;
    pgbouncer::ensure(&workspace.root)?;
    suites(workspace)
}

/// The published suites that tests run: crates that are fetched as data, of which nothing is compiled.
fn suites(workspace: &Workspace) -> Result<(), Error> {
    let mut fetch = cargo::command();
    fetch.args(["fetch", "--locked", "--quiet", "--manifest-path"]).arg(workspace.root.join("tests/wast/Cargo.toml"));
    let status = fetch.status().map_err(|error| Error::start(&fetch, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new("the test suites can't be fetched; Cargo's message says why"))
    }
}

/// The guests alone, with their names and places for the person who asked.
pub(crate) fn guests(workspace: &Workspace) -> Result<(), Error> {
    for guest in agents::build(&workspace.root)? {
        let component = guest.component.strip_prefix(&workspace.root);
        let component = component.unwrap_or(&guest.component);
        println!("{:12} {}", guest.name, component.display());
    }
    python::build(&workspace.root)?;
    peers::ensure(&workspace.root)?;
    pgbouncer::ensure(&workspace.root)
}
