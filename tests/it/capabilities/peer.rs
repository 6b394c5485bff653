//! The shipped packs' decisions by `cedarpy`, another binding of Cedar with a Cedar of its own version: their tests, and
//! everybody in them with every action. It doesn't know what the decisions should be.

use std::fs;
use std::process::Command;

use casemate_gate::authz::{Action, Principal, Question, SCHEMA};
use serde_json::{Value, json};

use super::{PACKS, question, source};
use crate::host::{Tested, fresh_directory};
use crate::said::Said;

/// Puts every question to cedarpy and prints the answers.
const SCRIPT: &str = "\
import json, sys, cedarpy
packs = json.load(open(sys.argv[1]))
for pack in packs:
    answers = [cedarpy.is_authorized(one['request'], pack['policies'], one['entities'], schema=pack['schema'])
               for one in pack['questions']]
    print(json.dumps([[answer.allowed, list(answer.diagnostics.errors)] for answer in answers]))
";

/// The entity that somebody is, and those that they are in.
fn somebody(principal: &Principal) -> (String, String, Vec<Value>) {
    let named = |kind: &str, name: &str| (kind.to_owned(), name.to_owned(), Vec::new());
    match principal {
        Principal::Agent(name) => named("Agent", name.as_ref().map_or("", |name| name.as_str())),
        Principal::Person(name) => named("Person", name),
        Principal::ApiKey(name) => named("ApiKey", name),
        Principal::Service(name) => named("Service", name),
        Principal::Role(name) => {
            let role = json!({"type": "Role", "id": name.as_str()});
            ("Person".to_owned(), format!("role:{}", name.as_str()), vec![role])
        }
    }
}

/// The question in the form that Cedar's bindings take.
fn asked(question: &Question) -> Value {
    let (kind, name, roles) = somebody(&question.principal);
    let attributes = if kind == "Agent" { json!({"name": name}) } else { json!({}) };
    let resource = question.action.resource();
    let on = if resource.is_named() { question.resource.as_str() } else { question.action.tool() };
    let has = if resource.is_named() { json!({"name": on}) } else { json!({}) };
    let mut entities = vec![
        json!({"uid": {"type": kind, "id": name}, "attrs": attributes, "parents": roles}),
        json!({"uid": {"type": resource.name(), "id": on}, "attrs": has, "parents": []}),
    ];
    entities.extend(roles.iter().map(|role| json!({"uid": role, "attrs": {}, "parents": []})));
    let now = casemate_gate::budget::written(question.circumstances.now_ms);
    let mut context = json!({"now": {"__extn": {"fn": "datetime", "arg": now}}});
    if !question.action.is_agents()
        && let Some(context) = context.as_object_mut()
    {
        context.insert("mfa".to_owned(), question.circumstances.mfa.into());
        if let Some(network) = question.circumstances.network {
            context.insert("network".to_owned(), json!({"__extn": {"fn": "ip", "arg": network.to_string()}}));
        }
    }
    // Cedar's own spelling of an entity.
    let uid = |kind: &str, name: &str| json!({"type": kind, "id": name});
    let request = json!({"principal": uid(&kind, &name), "action": uid("Action", question.action.name()),
        "resource": uid(resource.name(), on), "context": context});
    json!({"request": request, "entities": entities})
}

#[test]
fn another_cedar_decides_the_same() -> Tested {
    let (mut packs, mut expected) = (Vec::new(), Vec::new());
    for name in PACKS {
        let source = source(name)?;
        let own = source.cases.iter().map(|case| case.question.clone());
        let mut questions: Vec<Question> = own.collect();
        let mut who: Vec<Principal> = questions.iter().map(|question| question.principal.clone()).collect();
        who.extend(source.policy.roles.iter().map(|role| Principal::Role(role.name.clone())));
        who.sort();
        who.dedup();
        for principal in &who {
            for action in Action::ALL.iter().filter(|action| action.is_agents() == principal.is_agent()) {
                let granted = source.policy.each_grant().iter().flat_map(|grant| grant.names.iter());
                let names = granted.map(|name| name.replace('*', "x")).chain(["other".to_owned()]);
                questions.extend(names.map(|name| question(principal, *action, &name, true)));
            }
        }
        let answers = questions.iter().map(|question| source.policy.decide(question).allowed).collect::<Vec<_>>();
        packs.push(json!({"policies": source.policy.cedar(), "schema": SCHEMA,
            "questions": questions.iter().map(asked).collect::<Vec<_>>()}));
        expected.push(answers);
    }
    assert!(expected.iter().flatten().filter(|allowed| **allowed).count() > 20, "hardly anything is allowed");
    let directory = fresh_directory()?;
    let (script, questions) = (directory.path().join("peer.py"), directory.path().join("packs.json"));
    fs::write(&script, SCRIPT)?;
    fs::write(&questions, serde_json::to_vec(&packs)?)?;
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers/bin/python");
    let said = Said::of(Command::new(python).arg(&script).arg(&questions))?;
    said.expect(0)?;
    for ((name, line), expected) in PACKS.iter().zip(said.stdout.lines()).zip(&expected) {
        let answers: Vec<(bool, Vec<String>)> = serde_json::from_str(line)?;
        assert!(answers.iter().all(|(_, errors)| errors.is_empty()), "{name}: {line}");
        assert_eq!(answers.iter().map(|(allowed, _)| *allowed).collect::<Vec<_>>(), *expected, "{name}");
    }
    assert_eq!(said.stdout.lines().count(), PACKS.len(), "{}", said.stdout);
    Ok(())
}
