//! `approve` of a grant: whoever it permits something waits for a person's word first. What a run may do without one is what
//! the policy grants without the grants that ask. It doesn't know who decides, nor how.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::{Grant, Grants, Manifest, Policy, PolicyError, Rule, Unenforceable};
use crate::authz::{Authorizer, Principal, Question};
use crate::call::{Tool, Verb};

/// How long an approval is waited for where nothing else is said.
pub(super) const WITHIN: Duration = Duration::from_secs(60 * 60);
/// Least time: less than that nobody decides in.
const LEAST: Duration = Duration::from_secs(1);
/// Most time.
const MOST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// `approve = true` or `approve = { within = "15min" }`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ApproveTable {
    Whether(bool),
    Within(WithinTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithinTable {
    within: String,
}

/// How long a call that the grant permits waits for an approval; none where it asks for none.
pub(super) fn parse(
    table: Option<ApproveTable>,
    agents: bool,
    permits: bool,
) -> Result<Option<Duration>, Unenforceable> {
    let within = match table {
        None | Some(ApproveTable::Whether(false)) => return Ok(None),
        Some(ApproveTable::Whether(true)) => WITHIN,
        Some(ApproveTable::Within(WithinTable { within })) => {
            let time = time(&within).filter(|time| (LEAST..=MOST).contains(time));
            time.ok_or(Unenforceable::ApproveWithin(within))?
        }
    };
    match (agents, permits) {
        (false, _) => Err(Unenforceable::ApproveWhom),
        (true, false) => Err(Unenforceable::ApproveForbid),
        (true, true) => Ok(Some(within)),
    }
}

/// A time as people write it: a whole number of s, min, h or d.
fn time(text: &str) -> Option<Duration> {
    let units = [("min", 60), ("s", 1), ("h", 3_600), ("d", 86_400)];
    let (number, seconds) = units.into_iter().find_map(|(unit, s)| Some((text.strip_suffix(unit)?, s)))?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse::<u64>().ok().filter(|_| digits)?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// What asks, of what an agent may do.
#[derive(Debug, Clone)]
pub(super) struct Asks {
    /// What it may do without anybody's word.
    plain: Grants,
    /// What asks, and for how long it waits.
    rules: Vec<(Rule, Duration)>,
}

impl Asks {
    /// None where nothing asks that the manifest names.
    pub(super) fn of(manifest: &Manifest, policy: &Policy) -> Option<Box<Self>> {
        let plain = policy.plain.as_deref()?;
        let asking = policy.grants.iter().filter(|grant| grant.concerns(&manifest.agent));
        let asking = asking.filter_map(|grant| Some((grant, grant.approve?)));
        let rules = asking.flat_map(|(grant, within)| grant.rules.iter().map(move |rule| (rule.clone(), within)));
        let named = |rule: &Rule| {
            manifest.rules.iter().any(|own| match (own, rule) {
                (Rule::Keys { verb, .. }, Rule::Keys { verb: asked, .. }) => verb == asked,
                _ => own == rule,
            })
        };
        let rules: Vec<_> = rules.filter(|(rule, _)| named(rule)).collect();
        if rules.is_empty() { None } else { Some(Box::new(Self { plain: plain.grants(manifest), rules })) }
    }
}

impl Grants {
    /// How long the call waits for an approval; none where it needs none, because a grant that doesn't ask permits it, too.
    ///
    /// A statement's tables are Postgres's to know. So statements of a verb ask as soon as one of the tables that are given
    /// for it is not given without an approval; and those that change rows, as soon as one that may be read is not, because
    /// they can read it.
    #[must_use]
    pub fn asks(&self, tool: Tool, verb: Verb, resource: Option<&str>, now_ms: u64) -> Option<Duration> {
        let Asks { plain, rules } = self.approvals()?;
        if plain.hold_what_is_given(self, tool, verb) && plain.allow(tool, verb, resource, now_ms).is_ok() {
            return None;
        }
        let reads_too = (tool, verb) == (Tool::Sql, Verb::Write);
        let asks =
            |rule: &Rule| rule.covers(tool, verb, resource) || reads_too && rule.covers(tool, Verb::Read, resource);
        let named = rules.iter().filter(|(rule, _)| asks(rule)).map(|(_, within)| *within);
        Some(named.min().unwrap_or(WITHIN))
    }

    /// Whether any call may have to wait for an approval.
    #[must_use]
    pub fn may_ask(&self) -> bool {
        self.approvals().is_some()
    }
}

impl Policy {
    /// How long what is asked about waits for an approval; none where it needs none or isn't permitted. An agent's manifest
    /// isn't looked at, nor what else a statement may touch.
    #[must_use]
    pub fn approval(&self, question: &Question) -> Option<Duration> {
        let plain = self.plain.as_deref()?;
        if plain.decide(question).allowed || !self.decide(question).allowed {
            return None;
        }
        let asks = |grant: &&Grant| {
            let who = |to: &Principal| matches!(to, Principal::Agent(None)) || *to == question.principal;
            let what = |name: &String| match name.strip_suffix('*') {
                Some(prefix) => question.resource.starts_with(prefix),
                None => *name == question.resource,
            };
            let named = grant.names.is_empty() || grant.names.iter().any(what);
            grant.actions.contains(&question.action) && grant.to.iter().any(who) && named
        };
        let within = self.grants.iter().filter(asks).filter_map(|grant| grant.approve).min();
        Some(within.unwrap_or(WITHIN))
    }

    /// The same without the grants that ask; none where no grant does.
    pub(super) fn without_asking(&self, rules: Option<&str>) -> Result<Option<Arc<Self>>, PolicyError> {
        if self.grants.iter().all(|grant| grant.approve.is_none()) {
            return Ok(None);
        }
        let grants: Vec<Grant> = self.grants.iter().filter(|grant| grant.approve.is_none()).cloned().collect();
        let statements: Vec<_> = grants.iter().flat_map(Grant::statements).collect();
        let authorizer = Arc::new(Authorizer::new(&statements, rules)?);
        Ok(Some(Arc::new(Self { grants, authorizer, plain: None, ..self.clone() })))
    }
}

#[cfg(test)]
mod tests;
