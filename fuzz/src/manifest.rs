//! What authors and operators write: an agent's manifest, a policy, Cedar policies, principals and actions. Whatever is
//! accepted can be decided with. It doesn't know signatures.

use casemate_gate::authz::{Action, Circumstances, Principal, Question};
use casemate_gate::policy::{Manifest, Policy, snippet};
use casemate_gate::registry::Change;

const BASE: &str = include_str!("../../policies/default/policy.toml");

fn decide(policy: &Policy) {
    for action in [Action::KvRead, Action::PolicyWrite, Action::ClockRead] {
        let principal: Option<Principal> = if action.is_agents() { "agent:a" } else { "role:r" }.parse().ok();
        let Some(principal) = principal else { return };
        let (roles, resource) = (Vec::new(), "a/b".to_owned());
        let circumstances = Circumstances { now_ms: 1_795_514_400_000, mfa: true, network: None };
        let verdict = policy.decide(&Question { principal, roles, action, resource, circumstances });
        assert!(verdict.errors.is_empty() || !verdict.allowed);
    }
}

/// One input.
pub(crate) fn run(data: &[u8]) {
    let _change = Change::parse(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(principal) = text.parse::<Principal>() {
        assert_eq!(principal.to_string().parse(), Ok(principal));
    }
    if let Ok(manifest) = Manifest::parse(text) {
        let _written = snippet(manifest.rules());
        if let Ok(policy) = Policy::parse(BASE) {
            let grants = policy.grants(&manifest);
            assert!(!grants.need_database(), "the default pack grants nothing");
        }
    }
    if let Ok(policy) = Policy::parse(text) {
        decide(&policy);
    }
    if let Ok(policy) = Policy::with_rules(BASE, Some(text), casemate_gate::Digest::of(data)) {
        decide(&policy);
    }
}
