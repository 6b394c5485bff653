//! One rule of a manifest or policy: a tool, verbs, and resources in the form that the tool can be held to. It
//! doesn't know whether it is a ceiling or a grant.

use serde::Deserialize;

use super::{PolicyError, Unenforceable};
use crate::authz::Action;
use crate::call::{Tool, Verb};

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleTable {
    pub(super) tool: Tool,
    pub(super) verbs: Vec<Verb>,
    #[serde(default)]
    pub(super) resources: Vec<String>,
}

/// A rule that can be enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// One table and what may be done to its rows: Postgres holds the run to it.
    Table {
        /// Schema of the table.
        schema: String,
        /// The table.
        table: String,
        /// What may be done.
        verb: Verb,
    },
    /// Keys of `kv`: one key, or every key that starts with what stands before the `*`.
    Keys {
        /// The key or pattern.
        pattern: String,
        /// What may be done.
        verb: Verb,
    },
    /// A tool that has no resources.
    Tool {
        /// Which.
        tool: Tool,
        /// What may be done.
        verb: Verb,
    },
}

impl Rule {
    /// The tool that it is for.
    #[must_use]
    pub const fn tool(&self) -> Tool {
        match self {
            Self::Table { .. } => Tool::Sql,
            Self::Keys { .. } => Tool::Kv,
            Self::Tool { tool, .. } => *tool,
        }
    }

    /// What may be done.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Table { verb, .. } | Self::Keys { verb, .. } | Self::Tool { verb, .. } => *verb,
        }
    }

    /// The action that it speaks of. Rules are only made for verbs that their tool has.
    pub(super) const fn action(&self) -> Option<Action> {
        Action::of(self.tool(), self.verb())
    }

    /// What it names, as it is written; none for a tool as a whole.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Table { schema, table, .. } => Some(format!("{schema}.{table}")),
            Self::Keys { pattern, .. } => Some(pattern.clone()),
            Self::Tool { .. } => None,
        }
    }

    /// Whether the rule speaks of this tool, verb and resource.
    pub(super) fn covers(&self, tool: Tool, verb: Verb, resource: Option<&str>) -> bool {
        self.tool() == tool
            && self.verb() == verb
            && match (self, resource) {
                (Self::Keys { pattern, .. }, Some(key)) => match pattern.strip_suffix('*') {
                    Some(prefix) => key.starts_with(prefix),
                    None => key == pattern,
                },
                (Self::Keys { .. }, None) => false,
                (Self::Table { .. } | Self::Tool { .. }, _) => true,
            }
    }
}

/// Parses all rules of a file.
pub(super) fn parse_all(file: &'static str, tables: Vec<RuleTable>) -> Result<Vec<Rule>, PolicyError> {
    let mut rules = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let parsed = parse(table).map_err(|cause| PolicyError::Rule { file, number: index + 1, cause })?;
        rules.extend(parsed);
    }
    Ok(rules)
}

pub(super) fn parse(table: RuleTable) -> Result<Vec<Rule>, Unenforceable> {
    let RuleTable { tool, verbs, resources } = table;
    if verbs.is_empty() {
        return Err(Unenforceable::NoVerbs);
    }
    let known: &[Verb] = match tool {
        Tool::Sql | Tool::Kv => &[Verb::Read, Verb::Write],
        Tool::Log => &[Verb::Write],
        Tool::Clock => &[Verb::Read, Verb::Wait],
        Tool::Random => &[Verb::Read],
    };
    if let Some(verb) = verbs.iter().find(|verb| !known.contains(verb)) {
        return Err(Unenforceable::Verb(tool.name().to_owned(), verb.name().to_owned()));
    }
    if tool.needs_database() == resources.is_empty() {
        let name = tool.name().to_owned();
        return Err(if resources.is_empty() {
            Unenforceable::NoResources(name)
        } else {
            Unenforceable::Resources(name)
        });
    }
    let mut rules = Vec::new();
    for verb in verbs {
        match tool {
            Tool::Sql => {
                for resource in &resources {
                    let (schema, table) = parse_table(resource)?;
                    rules.push(Rule::Table { schema, table, verb });
                }
            }
            Tool::Kv => {
                for resource in &resources {
                    rules.push(Rule::Keys { pattern: parse_pattern(resource)?, verb });
                }
            }
            Tool::Log | Tool::Clock | Tool::Random => rules.push(Rule::Tool { tool, verb }),
        }
    }
    Ok(rules)
}

fn parse_table(resource: &str) -> Result<(String, String), Unenforceable> {
    let plain = |name: &str| {
        (1..=63).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    match resource.split_once('.') {
        Some((schema, table)) if plain(schema) && plain(table) => Ok((schema.to_owned(), table.to_owned())),
        _ => Err(Unenforceable::Table(resource.to_owned())),
    }
}

pub(super) fn parse_pattern(resource: &str) -> Result<String, Unenforceable> {
    let prefix = resource.strip_suffix('*').unwrap_or(resource);
    if resource.is_empty() || prefix.contains('*') {
        return Err(Unenforceable::Pattern(resource.to_owned()));
    }
    Ok(resource.to_owned())
}
