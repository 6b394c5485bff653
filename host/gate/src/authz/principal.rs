//! Who asks, or who is granted something: `agent:NAME`, `person:NAME`, `key:NAME`, `service:NAME`, `role:NAME`. It
//! doesn't know how any of them proved to be who they are.

use std::fmt;
use std::str::FromStr;

use crate::id::AgentName;

/// Most characters of a person's, key's or service's name.
const NAME_CHARS: usize = 128;

/// The name of a role: 1 to 64 of a-z, 0-9 and '-', as an agent's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(AgentName);

impl RoleName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for RoleName {
    type Error = NotAPrincipal;

    fn try_from(name: String) -> Result<Self, NotAPrincipal> {
        AgentName::try_from(name.clone()).map(Self).map_err(|_| NotAPrincipal(format!("role:{name}")))
    }
}

/// Who asks for something, or is granted it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// An agent. None in a grant: any.
    Agent(Option<AgentName>),
    /// Whoever has a role.
    Role(RoleName),
    /// A person.
    Person(String),
    /// An API key, by its id.
    ApiKey(String),
    /// Another program.
    Service(String),
}

/// Not how somebody is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("name who it is as `agent:NAME`, `role:NAME`, `person:NAME`, `key:NAME` or `service:NAME`, not `{0}`")]
pub struct NotAPrincipal(pub String);

impl Principal {
    /// Whether it is an agent, or all of them.
    #[must_use]
    pub const fn is_agent(&self) -> bool {
        matches!(self, Self::Agent(_))
    }

    /// Entity type and id; none for any agent.
    pub(super) fn entity(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Agent(name) => ("Agent", name.as_ref().map(AgentName::as_str)),
            Self::Role(name) => ("Role", Some(name.as_str())),
            Self::Person(name) => ("Person", Some(name)),
            Self::ApiKey(name) => ("ApiKey", Some(name)),
            Self::Service(name) => ("Service", Some(name)),
        }
    }
}

impl FromStr for Principal {
    type Err = NotAPrincipal;

    fn from_str(text: &str) -> Result<Self, NotAPrincipal> {
        let wrong = || NotAPrincipal(text.chars().take(NAME_CHARS).collect());
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        let agent = || AgentName::try_from(name.to_owned()).map_err(|_| wrong());
        let shown = !name.is_empty() && name.chars().count() <= NAME_CHARS && !name.chars().any(char::is_control);
        match kind {
            "agent" if name == "*" => Ok(Self::Agent(None)),
            "agent" => Ok(Self::Agent(Some(agent()?))),
            "role" => Ok(Self::Role(RoleName(agent()?))),
            "person" if shown => Ok(Self::Person(name.to_owned())),
            "key" if shown => Ok(Self::ApiKey(name.to_owned())),
            "service" if shown => Ok(Self::Service(name.to_owned())),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(None) => f.write_str("agent:*"),
            Self::Agent(Some(name)) => write!(f, "agent:{name}"),
            Self::Role(name) => write!(f, "role:{}", name.as_str()),
            Self::Person(name) => write!(f, "person:{name}"),
            Self::ApiKey(name) => write!(f, "key:{name}"),
            Self::Service(name) => write!(f, "service:{name}"),
        }
    }
}
