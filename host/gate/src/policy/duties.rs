//! Parts of a policy that have a form already and only one value that this host can be held to: where agents may reach,
//! how long records are kept, who approves calls; and the roles, which are declared so that a misspelt one is
//! noticed. It doesn't know who will enforce more.

use serde::Deserialize;

use super::grant::Grant;
use super::{PolicyError, Unenforceable};
use crate::authz::{Principal, RoleName};

/// `[[role]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleTable {
    name: String,
    #[serde(default)]
    title: String,
}

/// A role that people, keys and services can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: RoleName,
    /// What it is, for people.
    pub title: String,
}

/// `[[egress]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the form is fixed before a tool needs it; any entry is refused")]
pub(super) struct EgressTable {
    host: String,
    #[serde(default)]
    ports: Vec<u16>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
}

/// `[retention]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RetentionTable {
    audit: Option<Keep>,
    runs: Option<Keep>,
}

/// How long something is kept: in days, or for ever.
#[derive(Deserialize)]
#[serde(untagged)]
enum Keep {
    #[expect(dead_code, reason = "the form is fixed; a number is refused")]
    Days(u32),
    Word(Forever),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Forever {
    Forever,
}

/// `[[approval]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the form is fixed before anybody is held to who approves; any entry is refused")]
pub(super) struct ApprovalTable {
    tool: String,
    verbs: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    by: Vec<String>,
}

/// The roles, each declared once and granted something; every role that a grant names is declared.
pub(super) fn roles(tables: Vec<RoleTable>, grants: &[Grant]) -> Result<Vec<Role>, PolicyError> {
    let mut roles: Vec<Role> = Vec::new();
    for (index, RoleTable { name, title }) in tables.into_iter().enumerate() {
        let fails = |cause| PolicyError::Part { part: "role", number: index + 1, cause };
        let name = RoleName::try_from(name).map_err(|error| fails(error.into()))?;
        let text = name.as_str().to_owned();
        if roles.iter().any(|role| role.name == name) {
            return Err(fails(Unenforceable::RoleTwice(text)));
        }
        let granted = |grant: &Grant| grant.permits && grant.to.contains(&Principal::Role(name.clone()));
        if !grants.iter().any(granted) {
            return Err(fails(Unenforceable::RoleIdle(text)));
        }
        roles.push(Role { name, title });
    }
    for grant in grants {
        for who in &grant.to {
            if let Principal::Role(name) = who
                && !roles.iter().any(|role| role.name == *name)
            {
                let cause = Unenforceable::RoleUnknown(name.as_str().to_owned());
                return Err(PolicyError::Rule { file: "policy", number: grant.number, cause });
            }
        }
    }
    Ok(roles)
}

/// Refuses what this host can't be held to.
pub(super) fn refuse(
    egress: &[EgressTable],
    retention: Option<&RetentionTable>,
    approvals: &[ApprovalTable],
) -> Result<(), PolicyError> {
    if let Some(first) = egress.first() {
        let cause = Unenforceable::Egress(first.host.clone());
        return Err(PolicyError::Part { part: "egress", number: 1, cause });
    }
    if let Some(first) = approvals.first() {
        let cause = Unenforceable::Approval(format!("{}.{}", first.tool, first.verbs.join(",")));
        return Err(PolicyError::Part { part: "approval", number: 1, cause });
    }
    if let Some(RetentionTable { audit, runs }) = retention {
        for (name, keep) in [("audit", audit), ("runs", runs)] {
            if let Some(Keep::Days(_)) = keep {
                return Err(PolicyError::Part { part: "retention", number: 1, cause: Unenforceable::Retention(name) });
            }
        }
    }
    Ok(())
}
