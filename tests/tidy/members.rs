//! The workspace's members and what their manifests name, from `cargo metadata`.

use cargo_metadata::{DependencyKind, MetadataCommand};

/// A crate of the workspace.
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
    /// Whether it is of the workspace.
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
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let member = |package: &cargo_metadata::Package| {
        let folder = package.manifest_path.parent().unwrap_or(&package.manifest_path);
        let folder = folder.strip_prefix(&metadata.workspace_root).unwrap_or(folder);
        let needs = package.dependencies.iter().map(|need| Need {
            name: need.name.clone(),
            is_local: need.path.is_some(),
            is_dev: need.kind == DependencyKind::Development,
        });
        Member { name: package.name.to_string(), folder: folder.to_string(), needs: needs.collect() }
    };
    Ok(metadata.packages.iter().map(member).collect())
}
