//! `casemate inspect`: what a component is and what it asks for, read from its bytes. Nothing is compiled and nothing
//! runs. It doesn't know how a component is admitted, only what would stand against it.

mod problem;
mod show;

use std::path::PathBuf;

use casemate_gate::policy::{Coverage, Grants, Manifest, Policy, Rule};

use super::exit::Exit;
use super::{CliError, Global, input};
use crate::sandbox::anatomy::{self, Anatomy, Interface, Kind};
use problem::Problem;

/// Say what a component is and what it asks for.
#[derive(Debug, clap::Args)]
pub(super) struct Inspect {
    /// The component; nothing of it is run
    component: PathBuf,
    /// What the operator grants, to be told what it would refuse
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// What is said about a component.
struct Report {
    path: PathBuf,
    anatomy: Anatomy,
    manifest: Option<Manifest>,
    imports: Vec<Import>,
    /// What the manifest names, each rule with how much of it the policy grants.
    asks: Vec<(Rule, Option<Coverage>)>,
    problems: Vec<Problem>,
}

/// One import and what stands behind it.
struct Import {
    name: String,
    /// The tool's name in manifest and policy, where it is a tool.
    tool: Option<&'static str>,
    /// Whether the manifest has a rule for the tool; none where no rule is needed or none would help.
    is_named: Option<bool>,
    /// Whether it is granted; none without a policy.
    is_granted: Option<bool>,
}

impl Inspect {
    pub(super) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let bytes = input::component(&self.component)?;
        let policy = match &self.policy {
            Some(path) => Some(input::policy(path)?.0),
            None => None,
        };
        let anatomy = Anatomy::read(&bytes)?;
        if anatomy.kind != Kind::Precompiled {
            anatomy::validate(&bytes)?;
        }
        let report = Report::of(self.component, anatomy, policy.as_ref());
        show::report(&report, global.format);
        Ok(Exit::Done)
    }
}

impl Report {
    fn of(path: PathBuf, anatomy: Anatomy, policy: Option<&Policy>) -> Self {
        let (manifest, unusable) = match anatomy.manifest.as_deref().map(Manifest::parse) {
            Some(Ok(manifest)) => (Some(manifest), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        let grants = policy.zip(manifest.as_ref()).map(|(policy, manifest)| policy.grants(manifest));
        let imports: Vec<_> =
            anatomy.imports.iter().map(|name| Import::of(name, manifest.as_ref(), grants.as_ref())).collect();
        let asks = match (&grants, &manifest) {
            (Some(grants), _) => grants.coverage().map(|(rule, coverage)| (rule.clone(), Some(coverage))).collect(),
            (None, Some(manifest)) => manifest.rules().iter().map(|rule| (rule.clone(), None)).collect(),
            (None, None) => Vec::new(),
        };
        let problems = problem::find(&anatomy, unusable.as_ref(), &imports);
        Self { path, anatomy, manifest, imports, asks, problems }
    }
}

impl Import {
    fn of(name: &str, manifest: Option<&Manifest>, grants: Option<&Grants>) -> Self {
        let interface = Interface::of(name);
        let tool = match interface {
            Interface::Tool(tool) => Some(tool),
            Interface::Types
            | Interface::Fault
            | Interface::Wasi(_)
            | Interface::OtherVersion(_)
            | Interface::Foreign => None,
        };
        let family = match interface {
            Interface::Wasi(family) => Some(family),
            _ => None,
        };
        let has = |family| manifest.is_some_and(|manifest| manifest.names_family(family));
        let names = |tool| manifest.is_some_and(|manifest| manifest.rules().iter().any(|rule| rule.tool() == tool));
        Self {
            name: name.to_owned(),
            tool: tool.map(casemate_gate::call::Tool::name).or(family.map(|_| "wasi")),
            is_named: tool.map(names).or(family.map(has)),
            is_granted: grants.map(|grants| interface.is_granted(grants)),
        }
    }
}
