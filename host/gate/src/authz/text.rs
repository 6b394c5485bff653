//! Grants in Cedar's own language, so that a decision can be read, and checked by anybody's Cedar. Every name is escaped
//! here. It doesn't know where the grants come from.

use std::fmt::Write as _;

use super::{Action, Principal};

/// One policy of a tenant's set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its id in the set.
    pub id: String,
    /// Its text.
    pub text: String,
}

impl Statement {
    /// Permits or forbids. `names` are resources, or prefixes that end in `*` where the resource has patterns; they are
    /// not looked at for actions on a tool as a whole. `conditions` are Cedar expressions that must all hold.
    #[must_use]
    pub fn new(
        id: String,
        permits: bool,
        who: &Principal,
        actions: &[Action],
        names: &[String],
        conditions: &[String],
    ) -> Self {
        let mut text = head(if permits { "permit" } else { "forbid" }, who, actions);
        for condition in named(actions, names).iter().chain(conditions) {
            let _always = write!(text, "\nwhen {{ {condition} }}");
        }
        text.push(';');
        Self { id, text }
    }

    /// The ceiling of an agent: forbids an action on everything that its manifest doesn't name. None where the manifest
    /// names the tool as a whole.
    #[must_use]
    pub fn ceiling(agent: &Principal, action: Action, names: Option<&[String]>) -> Option<Self> {
        let mut text = head("forbid", agent, &[action]);
        match names {
            Some(_) if !action.resource().is_named() => return None,
            Some(names) => {
                if let Some(condition) = named(&[action], names) {
                    let _always = write!(text, "\nunless {{ {condition} }}");
                }
            }
            None => {}
        }
        text.push(';');
        Some(Self { id: format!("manifest {action}"), text })
    }
}

fn head(effect: &str, who: &Principal, actions: &[Action]) -> String {
    let principal = match who.entity() {
        (kind, None) => format!("principal is {kind}"),
        ("Role", Some(name)) => format!("principal in Role::{}", string(name)),
        (kind, Some(name)) => format!("principal == {kind}::{}", string(name)),
    };
    let names: Vec<String> = actions.iter().map(|action| format!("Action::{}", string(action.name()))).collect();
    let action = match names.as_slice() {
        [one] => format!("action == {one}"),
        all => format!("action in [{}]", all.join(", ")),
    };
    let resource = match actions.first() {
        Some(action) if action.resource().is_named() => format!("resource is {}", action.resource().name()),
        Some(action) => format!("resource == Tool::{}", string(action.tool())),
        None => "resource".to_owned(),
    };
    format!("{effect} ({principal}, {action}, {resource})")
}

/// The condition that the resource is one of those that are named.
fn named(actions: &[Action], names: &[String]) -> Option<String> {
    let resource = actions.first()?.resource();
    if !resource.is_named() {
        return None;
    }
    let one = |name: &String| match name.strip_suffix('*') {
        Some(prefix) if resource.has_patterns() => format!("resource.name like {}", pattern(prefix)),
        _ => format!("resource.name == {}", string(name)),
    };
    let any: Vec<String> = names.iter().map(one).collect();
    Some(if any.is_empty() { "false".to_owned() } else { any.join(" || ") })
}

/// A string literal.
pub(super) fn string(text: &str) -> String {
    format!("\"{}\"", escaped(text, false))
}

/// A pattern that begins so.
fn pattern(prefix: &str) -> String {
    format!("\"{}*\"", escaped(prefix, true))
}

fn escaped(text: &str, in_pattern: bool) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            '*' if in_pattern => escaped.push_str("\\*"),
            ' '..='~' => escaped.push(character),
            _ => {
                let _always = write!(escaped, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
    escaped
}
