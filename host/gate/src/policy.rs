//! What an agent asks for at most (its manifest, the ceiling) and what the operator grants (the policy), parsed from
//! TOML, and their intersection. A rule that can't be enforced is an error here, at load. It doesn't know where the
//! files are kept, nor who signed them.

mod active;
mod approve;
mod budget;
mod coverage;
mod duties;
mod grant;
mod grants;
mod keys;
mod rule;
mod snippet;
mod unenforceable;
mod wasi;
mod when;

pub use active::{Active, Tenure};
pub use coverage::Coverage;
pub use duties::Role;
pub use grant::Grant;
pub use grants::{Denied, Grants, TableGrant};
pub use rule::Rule;
pub use snippet::snippet;
pub use unenforceable::Unenforceable;
pub use wasi::Family;
pub use when::When;

use std::collections::BTreeMap;
use std::sync::Arc;

use casemate_abi::limits;
use serde::Deserialize;

use crate::authz::{Authorizer, AuthzError, Question, Verdict};
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
    /// Another part of a policy that nothing would enforce.
    #[error("change or remove `{part}` {number} of the policy")]
    Part {
        /// Which kind of part.
        part: &'static str,
        /// Which of its kind, from 1.
        number: usize,
        /// Why.
        #[source]
        cause: Unenforceable,
    },
    /// Grants and Cedar policies make no set.
    #[error(transparent)]
    Cedar(#[from] AuthzError),
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
            Self::Part { .. } => "policy-part",
            Self::Cedar(_) => "policy-cedar",
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
    /// The roles that it speaks of.
    pub roles: Vec<Role>,
    grants: Vec<Grant>,
    authorizer: Arc<Authorizer>,
    /// The same without the grants that ask for an approval, where some do.
    plain: Option<Arc<Self>>,
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
    grants: Vec<grant::GrantTable>,
    #[serde(default, rename = "role")]
    roles: Vec<duties::RoleTable>,
    #[serde(default)]
    egress: Vec<duties::EgressTable>,
    retention: Option<duties::RetentionTable>,
    #[serde(default, rename = "approval")]
    approvals: Vec<duties::ApprovalTable>,
    /// The components that each agent may be.
    pin: Option<BTreeMap<AgentName, Vec<Pin>>>,
    wasi: Option<wasi::WasiTable>,
}

impl Policy {
    /// Parses a policy. Its digest is that of its text.
    ///
    /// # Errors
    /// [`PolicyError`], naming the rule or the place in the text.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::with_rules(text, None, Digest::of(text.as_bytes()))
    }

    /// Parses a policy and further policies in Cedar's language, which together have a digest.
    ///
    /// # Errors
    /// [`PolicyError`], naming the rule or the place in the text.
    pub fn with_rules(text: &str, rules: Option<&str>, digest: Digest) -> Result<Self, PolicyError> {
        let file: PolicyFile = parse("policy", text)?;
        if rules.is_some_and(|rules| rules.len() > limits::MANIFEST_BYTES) {
            return Err(PolicyError::TooLarge("Cedar policies"));
        }
        duties::refuse(&file.egress, file.retention.as_ref(), &file.approvals)?;
        let grants = grant::parse_all(file.grants)?;
        let roles = duties::roles(file.roles, &grants)?;
        let statements: Vec<_> = grants.iter().flat_map(Grant::statements).collect();
        let authorizer = Arc::new(Authorizer::new(&statements, rules)?);
        let wasi = wasi::Wasi::parse("policy", file.wasi)?;
        let budget = budget::parse(file.budget)?;
        if let Some(class) = file.pii.unenforceable() {
            return Err(PolicyError::Pii(class));
        }
        let pinned =
            |(agent, pins): (AgentName, Vec<Pin>)| (agent, pins.into_iter().map(|Pin(digest)| digest).collect());
        let pins = file.pin.map(|pins| pins.into_iter().map(pinned).collect());
        let (name, pii, plain) = (file.name, file.pii, None);
        let mut policy = Self { name, digest, budget, pii, roles, grants, authorizer, plain, pins, wasi };
        policy.plain = policy.without_asking(rules)?;
        Ok(policy)
    }

    /// Its grants, in order.
    #[must_use]
    pub fn each_grant(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether somebody may do something, and which clauses say so. An agent's manifest isn't looked at: see
    /// [`Policy::grants`].
    #[must_use]
    pub fn decide(&self, question: &Question) -> Verdict {
        self.authorizer.decide(question)
    }

    /// The policy set in Cedar's own language, for people and for anybody's Cedar.
    #[must_use]
    pub fn cedar(&self) -> String {
        self.authorizer.text()
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
        Grants::of(manifest, self)
    }
}

fn parse<'de, T: Deserialize<'de>>(file: &'static str, text: &'de str) -> Result<T, PolicyError> {
    if text.len() > limits::MANIFEST_BYTES {
        return Err(PolicyError::TooLarge(file));
    }
    toml::from_str(text).map_err(|error| PolicyError::Syntax(file, Box::new(error)))
}

#[cfg(test)]
pub(crate) mod tests;
