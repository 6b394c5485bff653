//! Everything that the programs need and the repository can't hold. A second time it only looks.

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{guests as agents, postgres, python};

/// A compiler for WebAssembly, the guests as components, Postgres's programs.
pub(crate) fn all(workspace: &Workspace) -> Result<(), Error> {
    postgres::ensure()?;
    agents::build(&workspace.root)?;
    Ok(())
}

/// What tests need as well: a guest of another tool chain.
pub(crate) fn for_tests(workspace: &Workspace) -> Result<(), Error> {
    all(workspace)?;
    python::build(&workspace.root)
}

/// The guests alone, with their names and places for the person who asked.
pub(crate) fn guests(workspace: &Workspace) -> Result<(), Error> {
    for guest in agents::build(&workspace.root)? {
        let component = guest.component.strip_prefix(&workspace.root);
        let component = component.unwrap_or(&guest.component);
        println!("{:12} {}", guest.name, component.display());
    }
    python::build(&workspace.root)
}
