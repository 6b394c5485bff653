//! What stands between a component and a run, each with a stable code and what to do. It doesn't know how it is shown.

use casemate_abi::{PACKAGE, VERSION};
use casemate_gate::policy::PolicyError;

use super::Import;
use crate::sandbox::anatomy::{Anatomy, Interface, Kind};

/// Something that would keep the host from running it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    /// What to do, in one clause.
    pub(super) remedy: String,
}

impl Problem {
    fn new(code: &'static str, remedy: impl Into<String>) -> Self {
        Self { code, remedy: remedy.into() }
    }
}

/// Everything that can be seen from outside.
pub(super) fn find(anatomy: &Anatomy, unusable: Option<&PolicyError>, imports: &[Import]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut say = |problem| problems.push(problem);
    match anatomy.kind {
        Kind::Module => {
            say(Problem::new(
                "component-module",
                "make a component of it with `casemate build`: this is a core module",
            ));
            return problems;
        }
        Kind::Precompiled => {
            let remedy = "ask for the component that it was made from: this is machine code, and nobody can tell what \
                          it does";
            say(Problem::new("component-precompiled", remedy));
            return problems;
        }
        Kind::Component => {}
    }
    match unusable {
        Some(error) => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            say(Problem::new("component-manifest", format!("correct the agent's casemate.toml: {error}{cause}")));
        }
        None if anatomy.manifest.is_none() => {
            say(Problem::new(
                "component-no-manifest",
                "build the component with its casemate.toml: it carries no manifest",
            ));
        }
        None => {}
    }
    if !anatomy.exports.iter().any(|name| name == "run") {
        let world = format!("export the world `{PACKAGE}/agent@{VERSION}`: the component has no function `run`");
        say(Problem::new("component-world", world));
    }
    for import in imports {
        let name = &import.name;
        match Interface::of(name) {
            Interface::OtherVersion(version) => {
                let remedy = format!("build it against version {VERSION} of `{PACKAGE}`: `{name}` is of {version}");
                say(Problem::new("component-imports", remedy));
            }
            Interface::Foreign if import.is_granted != Some(true) => {
                say(Problem::new("component-imports", format!("remove the import `{name}`: no grant can allow it")));
            }
            Interface::Tool(_)
                if import.is_named == Some(false) && anatomy.manifest.is_some() && unusable.is_none() =>
            {
                say(Problem::new(
                    "component-imports",
                    format!("name a rule for `{name}` in casemate.toml, or remove the import"),
                ));
            }
            Interface::Wasi(family)
                if import.is_named == Some(false) && anatomy.manifest.is_some() && unusable.is_none() =>
            {
                let remedy = format!("name `{family}` in the table `[wasi]` of casemate.toml, for `{name}`");
                say(Problem::new("component-imports", remedy));
            }
            Interface::Wasi(family) if import.is_granted == Some(false) => {
                say(Problem::new(
                    "component-imports",
                    format!("name `{family}` in the policy's table `[wasi]`, for `{name}`"),
                ));
            }
            Interface::Tool(_) if import.is_granted == Some(false) => {
                say(Problem::new("component-imports", format!("grant `{name}` in the policy, or remove the import")));
            }
            _ => {}
        }
    }
    problems
}
