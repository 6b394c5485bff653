//! The members of the workspace and of the guests' own one, and what their manifests name, from `cargo metadata`.

use cargo_metadata::camino::Utf8Path;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Manifests of workspaces, relative to the repository.
const WORKSPACES: [&str; 2] = ["Cargo.toml", "tests/guests/Cargo.toml"];

/// A crate of a workspace.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Name of the package.
    pub(crate) name: String,
    /// Relative to the repository.
    pub(crate) folder: String,
    /// What its manifest names.
    pub(crate) needs: Vec<Need>,
}

/// A dependency as a manifest has it.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    /// Name of the package.
    pub(crate) name: String,
    /// Whether it is of this repository.
    pub(crate) is_local: bool,
    /// Whether only tests, benchmarks and examples have it.
    pub(crate) is_dev: bool,
}

impl Member {
    /// A member that only a test knows, with dependencies of this workspace.
    pub(crate) fn planted(name: &str, folder: &str, needs: &[&str]) -> Self {
        let need =
            |name: &&str| Need { name: (*name).to_owned(), is_local: name.starts_with("casemate-"), is_dev: false };
        Self { name: name.to_owned(), folder: folder.to_owned(), needs: needs.iter().map(need).collect() }
    }
}

/// All members.
pub(crate) fn all() -> Result<Vec<Member>, cargo_metadata::Error> {
    // Cargo starts tests in their package's folder, and the repository is that of the first workspace.
    let repository = MetadataCommand::new().no_deps().exec()?.workspace_root;
    let members = WORKSPACES.iter().map(|manifest| of(&repository, manifest));
    Ok(members.collect::<Result<Vec<_>, _>>()?.concat())
}

fn of(repository: &Utf8Path, manifest: &str) -> Result<Vec<Member>, cargo_metadata::Error> {
    let metadata = MetadataCommand::new().manifest_path(repository.join(manifest)).no_deps().exec()?;
    let member = |package: &cargo_metadata::Package| {
        let folder = package.manifest_path.parent().unwrap_or(&package.manifest_path);
        let folder = folder.strip_prefix(repository).unwrap_or(folder);
        let needs = package.dependencies.iter().map(|need| Need {
            name: need.name.clone(),
            is_local: need.path.is_some(),
            is_dev: need.kind == DependencyKind::Development,
        });
        Member { name: package.name.to_string(), folder: folder.to_string(), needs: needs.collect() }
    };
    Ok(metadata.packages.iter().map(member).collect())
}

#[test]
fn guests_are_members_too() -> Result<(), cargo_metadata::Error> {
    let members = all()?;
    for folder in ["host/server", "examples/assessor", "tests/guests/probe"] {
        assert!(members.iter().any(|member| member.folder == folder), "{folder}");
    }
    Ok(())
}
