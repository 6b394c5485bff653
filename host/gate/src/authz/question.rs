//! A question to a tenant's policy, and its answer with the clauses that decided. It doesn't know how it is decided.

use std::fmt;
use std::net::IpAddr;

use super::{Action, Principal, RoleName};

/// Whether somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who. A role stands for somebody who has that role and no other.
    pub principal: Principal,
    /// The roles that they have: of people, keys and services.
    pub roles: Vec<RoleName>,
    /// What.
    pub action: Action,
    /// To what: its name. Not looked at for actions on a tool as a whole.
    pub resource: String,
    /// Under which circumstances.
    pub circumstances: Circumstances,
}

/// What is known of a request beside who, what and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: u64,
    /// Whether a person proved to be there by a second factor.
    pub mfa: bool,
    /// The address that the request came from.
    pub network: Option<IpAddr>,
}

/// A policy that had a part in a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clause {
    /// Its id: `grant 2`, `rules.cedar 1` or the id that it has there, `manifest kv.read`.
    pub id: String,
    /// Its text in Cedar.
    pub text: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether they may.
    pub allowed: bool,
    /// The policies that decided, by id: those that permit if it is allowed, those that forbid if not. None when nothing
    /// permits it.
    pub clauses: Vec<Clause>,
    /// Policies that could not be evaluated, and why. Any of them denies.
    pub errors: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.clauses.iter().map(|clause| clause.id.as_str()).collect();
        match (self.allowed, ids.as_slice(), self.errors.as_slice()) {
            (true, ids, _) => write!(f, "permitted by {}", ids.join(", ")),
            (false, _, [first, ..]) => write!(f, "denied: a policy could not be evaluated: {first}"),
            (false, [], []) => f.write_str("denied: nothing permits it"),
            (false, ids, []) => write!(f, "forbidden by {}", ids.join(", ")),
        }
    }
}
