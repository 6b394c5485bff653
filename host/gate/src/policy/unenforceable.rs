//! Why nothing would enforce a rule. A policy that says more than the host holds anybody to is refused whole, because
//! its author would rely on it. It doesn't know where the rule stands.

use crate::authz::NotAPrincipal;

/// Why nothing would enforce a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unenforceable {
    /// No such tool.
    #[error("name a tool of docs/capabilities.md: there is no `{0}`")]
    Tool(String),
    /// The tool has no operation with that verb.
    #[error("`{0}` has no operation that would need the verb `{1}`")]
    Verb(String, String),
    /// No verbs at all.
    #[error("`verbs` is empty, so the rule grants nothing")]
    NoVerbs,
    /// The tool has no resources.
    #[error("`{0}` has no resources, so naming one would restrict nothing")]
    Resources(String),
    /// The tool needs resources.
    #[error("name the resources that `{0}` is for")]
    NoResources(String),
    /// Not `schema.table`.
    #[error(
        "name each table as `schema.table` in a-z, 0-9 and _, without a pattern: `{0}` can't be granted in Postgres"
    )]
    Table(String),
    /// A table `[wasi]` without families.
    #[error("`families` is empty, so the table grants nothing")]
    NoFamilies,
    /// A scratch directory that can't be reached.
    #[error("`scratch-bytes` is for the family `filesystem`: name it as well")]
    Unreachable,
    /// A scratch directory of a size that the host doesn't give.
    #[error("`scratch-bytes` is {bytes}: choose from {least} to {most}")]
    Scratch {
        /// What was written.
        bytes: u64,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// A pattern with a `*` that is not its last character, or an empty one.
    #[error("write a key, or a prefix that ends in `*`: `{0}` is neither")]
    Pattern(String),
    /// Not how somebody is named.
    #[error(transparent)]
    Principal(#[from] NotAPrincipal),
    /// A grant to nobody.
    #[error("name in `to` who may use `{0}`: people, keys, services or roles")]
    Nobody(String),
    /// What agents do isn't done by others, and the other way round.
    #[error("`{1}` can't use `{0}`: agents use tools, and people, keys, services and roles manage")]
    NotTheirs(String, String),
    /// Conditions on a login, for an agent.
    #[error("`mfa` and `networks` are for people, keys and services: an agent has no login")]
    Login,
    /// `mfa = false`.
    #[error("leave `mfa` out of a permit: `false` would restrict nothing")]
    NoMfa,
    /// No networks.
    #[error("`networks` is empty, so the rule would never hold")]
    NoNetworks,
    /// No conditions.
    #[error("`when` is empty, so it restricts nothing")]
    NoConditions,
    /// A time that never is.
    #[error("let the time begin before it ends: the rule would never hold")]
    Never,
    /// Not a moment in UTC.
    #[error("write the moment in UTC to the second, as 2026-12-31T23:59:59Z: `{0}` is none")]
    Moment(String),
    /// Not a time of the day.
    #[error("write the time of the day in UTC, as 08:00:00: `{0}` is none")]
    TimeOfDay(String),
    /// Not a network.
    #[error("write the network as an address, or as 10.0.0.0/8: `{0}` is neither")]
    Network(String),
    /// A role that no grant names, or that isn't declared.
    #[error("declare the role `{0}` with `[[role]]`")]
    RoleUnknown(String),
    /// A role that is declared twice.
    #[error("declare the role `{0}` once")]
    RoleTwice(String),
    /// A role without a grant.
    #[error("grant the role `{0}` something, or leave it out: whoever has it could do nothing")]
    RoleIdle(String),
    /// Hosts that an agent may reach.
    #[error("leave `[[egress]]` out: no tool of this host reaches another, so nothing would hold `{0}` to it")]
    Egress(String),
    /// A retention that the host doesn't keep to.
    #[error("set `retention.{0}` to \"forever\": this host deletes nothing by itself")]
    Retention(&'static str),
    /// Who approves, which nobody is held to.
    #[error(
        "write `approve` into the grant of `{0}`, and leave `[[approval]]` out: nothing would hold who approves to its `by`"
    )]
    Approval(String),
    /// An approval of what nobody waits with.
    #[error(
        "leave `approve` out of grants to people, keys, services and roles: only an agent's call waits for an approval"
    )]
    ApproveWhom,
    /// An approval of what is forbidden.
    #[error("leave `approve` out of a grant with `effect = \"forbid\"`: there is no call that could be approved")]
    ApproveForbid,
    /// A time in which nobody decides, or a spelling that is none.
    #[error("write `within` as a whole number of s, min, h or d from 1s to 30d, such as \"15min\": `{0}` is none")]
    ApproveWithin(String),
}
