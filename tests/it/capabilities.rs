//! What the shipped packs let whom do: the whole matrix as a table that is reviewed, and every decision made once more by
//! a Cedar that nobody here built.

#[path = "capabilities/peer.rs"]
mod peer;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use casemate_gate::authz::{Action, Circumstances, Principal, Question};
use casemate_gate::pack::{Files, Source};
use casemate_gate::policy::Policy;

use crate::golden;
use crate::host::Tested;

/// The packs that ship.
const PACKS: [&str; 3] = ["assessor", "default", "research"];
/// 2026-11-24T10:00:00Z.
const NOW_MS: u64 = 1_795_514_400_000;

/// The sources of a pack.
fn source(name: &str) -> Result<Source, Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies").join(name);
    let mut files = Files::default();
    collect(&folder, &folder, &mut files)?;
    Ok(Source::parse(&files)?)
}

fn collect(root: &Path, folder: &Path, files: &mut Files) -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.add(&path.strip_prefix(root)?.to_string_lossy(), fs::read(&path)?)?;
        }
    }
    Ok(())
}

fn ask(policy: &Policy, principal: &Principal, action: Action, resource: &str, mfa: bool) -> bool {
    policy.decide(&question(principal, action, resource, mfa)).allowed
}

fn question(principal: &Principal, action: Action, resource: &str, mfa: bool) -> Question {
    Question {
        principal: principal.clone(),
        roles: Vec::new(),
        action,
        resource: resource.to_owned(),
        circumstances: Circumstances { now_ms: NOW_MS, mfa, network: None },
    }
}

/// What of an action on what somebody may do: names of resources, each asked for really.
fn cell(policy: &Policy, principal: &Principal, action: Action) -> String {
    let named = policy.each_grant().iter().filter(|grant| grant.actions.contains(&action));
    let mut names: BTreeSet<String> = named.flat_map(|grant| grant.names.iter().cloned()).collect();
    if names.is_empty() {
        names.insert(String::new());
    }
    names.insert("nobody-named-this".to_owned());
    let mut allowed = Vec::new();
    for name in names {
        // A prefix is asked for with something that begins with it.
        let example = name.strip_suffix('*').map_or_else(|| name.clone(), |prefix| format!("{prefix}example"));
        let word = if action.resource().is_named() { name.as_str() } else { "yes" };
        if ask(policy, principal, action, &example, false) {
            allowed.push(word.to_owned());
        } else if ask(policy, principal, action, &example, true) {
            allowed.push(format!("{word} (mfa)"));
        }
    }
    allowed.dedup();
    if allowed.is_empty() { "-".to_owned() } else { allowed.join(" ") }
}

#[test]
fn the_matrix_of_roles_and_actions_is_as_reviewed() -> Tested {
    let mut table = String::new();
    for name in PACKS {
        let source = source(name)?;
        let policy = &source.policy;
        let roles = policy.roles.iter().map(|role| Principal::Role(role.name.clone()));
        let agents: BTreeSet<Principal> =
            source.cases.iter().map(|case| case.question.principal.clone()).filter(Principal::is_agent).collect();
        let who: Vec<Principal> = agents.into_iter().chain(roles).collect();
        for principal in &who {
            table.push_str(&format!("# {name}: {principal}\n"));
            for action in Action::ALL {
                table.push_str(&format!("{:<14}{}\n", action.name(), cell(policy, principal, *action)));
            }
            table.push('\n');
        }
    }
    golden::assert("capabilities.txt", &table)
}
