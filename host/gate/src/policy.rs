//! What an agent asks for at most (its manifest, the ceiling) and what the operator grants (the policy), parsed from
//! TOML, and their intersection. A rule that can't be enforced is an error here, at load. It doesn't know where the
//! files are kept, nor who signed them.

mod budget;
mod coverage;
mod grants;
mod keys;
mod rule;
mod snippet;
mod wasi;

pub use coverage::Coverage;
pub use grants::{Grants, TableGrant};
pub use rule::{Rule, Unenforceable};
pub use snippet::snippet;
pub use wasi::Family;

use std::collections::BTreeMap;

use casemate_abi::limits;
use serde::Deserialize;

use crate::budget::Terms;
use crate::id::{AgentName, Digest, NotADigest};

/// Why a manifest or a policy can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, a field that is not known, or one that is missing.
    #[error("correct the {0}")]
    Syntax(&'static str, #[source] Box<toml::de::Error>),
    /// A rule that nothing would enforce.
    #[error("change or remove rule {number} of the {file}")]
    Rule {
        /// Manifest or policy.
        file: &'static str,
        /// Which rule, from 1.
        number: usize,
        /// Why.
        #[source]
        cause: Unenforceable,
    },
    /// A table `[wasi]` that nothing would enforce.
    #[error("change or remove the table `[wasi]` of the {file}")]
    Wasi {
        /// Manifest or policy.
        file: &'static str,
        /// Why.
        #[source]
        cause: Unenforceable,
    },
    /// Larger than a manifest or policy may be.
    #[error("shorten the {0} to at most 65536 bytes")]
    TooLarge(&'static str),
    /// Budgets that contradict each other: the owner and span, and the resource.
    #[error("raise `budget.{0}.{1}` to at least `budget.run.{1}`, or no run can use its own budget")]
    Budget(&'static str, &'static str),
    /// Rules for personal data that an agent could go around.
    #[error(
        "give {0} another mode for `input` or `reply`: an agent could have the input's tokens turned back by a reply"
    )]
    Pii(casemate_pii::Class),
}

impl PolicyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax(..) => "policy-syntax",
            Self::Rule { .. } => "policy-rule",
            Self::Wasi { .. } => "policy-wasi",
            Self::TooLarge(_) => "policy-too-large",
            Self::Budget(..) => "policy-budget",
            Self::Pii(_) => "policy-pii",
        }
    }
}

/// What an agent says of itself.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Its name.
    pub agent: AgentName,
    /// Its version, as its author writes it.
    pub version: String,
    rules: Vec<Rule>,
    wasi: wasi::Wasi,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    agent: AgentTable,
    #[serde(default, rename = "capability")]
    capabilities: Vec<rule::RuleTable>,
    wasi: Option<wasi::WasiTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentTable {
    name: AgentName,
    version: String,
}

impl Manifest {
    /// Parses a manifest.
    ///
    /// # Errors
    /// [`PolicyError`], naming the rule or the place in the text.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: ManifestFile = parse("manifest", text)?;
        let rules = rule::parse_all("manifest", file.capabilities)?;
        let wasi = wasi::Wasi::parse("manifest", file.wasi)?;
        Ok(Self { agent: file.agent.name, version: file.agent.version, rules, wasi })
    }

    /// Whether its table `[wasi]` names a family.
    #[must_use]
    pub fn names_family(&self, family: Family) -> bool {
        self.wasi.has(family)
    }

    /// What it names, one rule for each verb and resource.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// What the operator grants.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name, for people.
    pub name: String,
    /// SHA-256 of its text: stands in every entry of the ledger.
    pub digest: Digest,
    /// Limits of one run, of its agent and of its tenant.
    pub budget: Terms,
    /// How each class of personal data is handled.
    pub pii: casemate_pii::ChannelRules,
    rules: Vec<Rule>,
    pins: Option<BTreeMap<AgentName, Vec<Digest>>>,
    wasi: wasi::Wasi,
}

/// A digest as it is written.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Pin(Digest);

impl TryFrom<String> for Pin {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse().map(Self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    name: String,
    budget: budget::BudgetTable,
    #[serde(default)]
    pii: casemate_pii::ChannelRules,
    #[serde(default, rename = "grant")]
    grants: Vec<rule::RuleTable>,
    /// The components that each agent may be.
    pin: Option<BTreeMap<AgentName, Vec<Pin>>>,
    wasi: Option<wasi::WasiTable>,
}

impl Policy {
    /// Parses a policy.
    ///
    /// # Errors
    /// [`PolicyError`], naming the rule or the place in the text.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: PolicyFile = parse("policy", text)?;
        let rules = rule::parse_all("policy", file.grants)?;
        let wasi = wasi::Wasi::parse("policy", file.wasi)?;
        let budget = budget::parse(file.budget)?;
        if let Some(class) = file.pii.unenforceable() {
            return Err(PolicyError::Pii(class));
        }
        let pinned =
            |(agent, pins): (AgentName, Vec<Pin>)| (agent, pins.into_iter().map(|Pin(digest)| digest).collect());
        let pins = file.pin.map(|pins| pins.into_iter().map(pinned).collect());
        let digest = Digest::of(text.as_bytes());
        Ok(Self { name: file.name, digest, budget, pii: file.pii, rules, pins, wasi })
    }

    /// Whether the policy lets this component be this agent. A policy that names no components lets any; one that does
    /// lets only those.
    #[must_use]
    pub fn admits(&self, agent: &AgentName, component: Digest) -> bool {
        self.pins.as_ref().is_none_or(|pins| pins.get(agent).is_some_and(|pins| pins.contains(&component)))
    }

    /// What an agent with this manifest may do under this policy.
    #[must_use]
    pub fn grants(&self, manifest: &Manifest) -> Grants {
        Grants::intersect((&manifest.rules, &manifest.wasi), (&self.rules, &self.wasi))
    }
}

fn parse<'de, T: Deserialize<'de>>(file: &'static str, text: &'de str) -> Result<T, PolicyError> {
    if text.len() > limits::MANIFEST_BYTES {
        return Err(PolicyError::TooLarge(file));
    }
    toml::from_str(text).map_err(|error| PolicyError::Syntax(file, Box::new(error)))
}

#[cfg(test)]
mod tests;
