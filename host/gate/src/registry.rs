//! The one form in which it is told that something registered has changed: an agent, a pack, a tool, a key, a tenant, or
//! what a tenant may use. It stands in the log as an entry of kind `Registry`, open, since it holds names, numbers and
//! digests only, so that whoever follows a log can react to it. It doesn't know who follows.

use serde::{Deserialize, Serialize};

/// The name of the event, in every payload.
const EVENT: &str = "registry.changed";

/// What kind of thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// An agent: its component.
    Agent,
    /// A call that waited for an approval.
    Approval,
    /// What a tenant or agent may use, as the operator set it.
    Budget,
    /// A key.
    Key,
    /// A policy pack.
    Pack,
    /// A tenant.
    Tenant,
    /// A tool of the host.
    Tool,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happened {
    /// It is there from now on.
    Added,
    /// It is another than before.
    Changed,
    /// It holds from now on, in the place of what held before.
    Activated,
    /// What held before holds again.
    RolledBack,
    /// It holds no more.
    Withdrawn,
    /// It has a successor, and is still there for what was made with it.
    Rotated,
    /// It is there and may do nothing: of a tenant.
    Suspended,
    /// It may do again what it could before it was suspended.
    Reinstated,
    /// Everything of it was written out: of a tenant.
    Exported,
    /// It is gone, and what was its own with it.
    Removed,
    /// A person said yes: of an approval.
    Approved,
    /// A person said no: of an approval.
    Denied,
    /// Nobody said anything in time: of an approval.
    Expired,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    event: Event,
    /// Of what kind the thing is.
    pub subject: Subject,
    /// Its name or id.
    pub name: String,
    /// What happened.
    pub happened: Happened,
    /// What it was: a digest, a version or a document; null where there was none.
    #[serde(default)]
    pub before: serde_json::Value,
    /// What it is now.
    #[serde(default)]
    pub after: serde_json::Value,
}

/// The event's name, which any other text isn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Event {
    #[serde(rename = "registry.changed")]
    RegistryChanged,
}

impl Change {
    /// A change.
    #[must_use]
    pub fn new(
        subject: Subject,
        name: impl Into<String>,
        happened: Happened,
        before: impl Into<serde_json::Value>,
        after: impl Into<serde_json::Value>,
    ) -> Self {
        let (before, after) = (before.into(), after.into());
        Self { event: Event::RegistryChanged, subject, name: name.into(), happened, before, after }
    }

    /// The name that every change has: `registry.changed`.
    #[must_use]
    pub const fn event(&self) -> &'static str {
        EVENT
    }

    /// The payload of its entry: a JSON object (RFC 8259).
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a payload; `None` for what is no change.
    ///
    /// ```
    /// use casemate_gate::registry::{Change, Happened, Subject};
    ///
    /// let change = Change::new(Subject::Tenant, "acme", Happened::Added, None::<String>, "0191…");
    /// assert_eq!(Change::parse(&change.payload()), Some(change));
    /// ```
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }
}
