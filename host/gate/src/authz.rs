//! Authorization: who may do what to what, and when, in one vocabulary for agents, people, keys and services. Decisions
//! are Cedar's (cedar-policy): one policy set a tenant, checked against one schema; no permit denies, a forbid denies
//! whatever else permits, and an error while a policy is evaluated denies too, because Cedar itself would skip that
//! policy, a forbid included. It doesn't know where policies are kept, nor who logged in how.

mod authorizer;
mod principal;
mod question;
mod text;
mod vocabulary;

pub use authorizer::{Authorizer, AuthzError};
pub use principal::{NotAPrincipal, Principal, RoleName};
pub use question::{Circumstances, Clause, Question, Verdict};
pub use text::Statement;
pub use vocabulary::{Action, NotAnAction, Resource};

/// The schema in Cedar's own form: entities, actions, and what is known of a request.
pub const SCHEMA: &str = include_str!("authz/schema.cedarschema");

#[cfg(test)]
mod tests;
