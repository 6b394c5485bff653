//! What hosts on one Postgres share: tenants and their standings, packs, whose packs are believed, keys. Whoever has the
//! invitation needs nothing else, and whoever lacks a part of it is told which.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cluster::{Cluster, host, settings};
use super::member::Member;
use crate::external::Server;
use crate::host::{Host, Tested, component, until};
use crate::policy::Policy;
use crate::said::{Said, text};

const LIMIT: Duration = Duration::from_secs(60);

fn tenants(member: &Member) -> Tested<Vec<(String, String)>> {
    let said = member.ask(&["tenant", "list"])?;
    let line = |line: &Value| (text(line, "/tenant").to_owned(), text(line, "/state").to_owned());
    Ok(said.expect(0)?.lines.iter().map(line).collect())
}

fn state(member: &Member, job: &str) -> Tested<String> {
    let said = member.ask(&["jobs", "show", job, "--tenant", "acme"])?;
    Ok(text(said.expect(0)?.lines.first().ok_or("a line")?, "/state").to_owned())
}

/// Hands a job over under whatever pack is active.
fn submit(member: &Member, words: &[&str]) -> Tested<Said> {
    let actions = json!([{"do": "kv-add", "key": "probe/n", "delta": 1}]).to_string();
    let (guest, input) = (component("probe")?, member.host.file("input.json", actions)?);
    member.ask(&[&["jobs", "submit", &guest, "--tenant", "acme", "--input", &input], words].concat())
}

fn pack(member: &Member, name: &str, version: u64, policy: &Policy) -> Tested<Said> {
    let directory = crate::packs::written(&member.host, name, version, policy)?.display().to_string();
    member.ask(&["policy", "sign", &directory])?.expect(0)?;
    member.ask(&["policy", "apply", &directory, "--tenant", "acme"])
}

#[test]
fn who_is_invited_needs_nothing_else() -> Tested {
    let mut cluster = Cluster::new(3, 2)?;
    for file in ["config.toml", "host.key", "database.credentials"] {
        let path = cluster.configuration.with_file_name(file);
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600, "{file}");
    }
    let there = cluster.configuration.parent().ok_or("a directory")?.display().to_string();
    cluster.first.ask(&["hosts", "invite", "--out", &there])?.is_error("data-exists", 3)?;
    let [one, two, office] = &mut cluster.members[..] else { return Err("three hosts".into()) };
    assert_eq!(tenants(office)?.len(), 2, "the first host's");
    office.ask(&["tenant", "add", "initech"])?.expect(0)?;
    one.start()?;
    two.start()?;
    assert_eq!(tenants(one)?.len(), 3, "beside a host that is up, too");

    // A pack that was signed and applied elsewhere is in force where the jobs are run.
    pack(office, "v1", 1, &Policy::open())?.expect(0)?;
    let done = submit(office, &["--wait", "60"])?;
    assert_eq!(text(done.expect(0)?.lines.last().ok_or("a line")?, "/state"), "done", "{done:?}");
    // Both hosts follow.
    let changed = Instant::now();
    pack(office, "v2", 2, &Policy::open().denials(7))?.expect(0)?;
    let active = |member: &Member| fs::read_to_string(member.host.data().join("policies/active.json"));
    let newest = active(office)?;
    for member in [&*one, &*two] {
        until(LIMIT, || Ok((active(member).ok().as_ref() == Some(&newest)).then_some(())))?;
    }
    println!("a pack reached two other hosts after {:?}", changed.elapsed());
    let listed = two.ask(&["policy", "list"])?;
    let acme = listed.expect(0)?.lines.iter().find(|line| text(line, "/tenant") == "acme").ok_or("a line")?;
    assert_eq!(text(acme, "/state"), "active", "{acme}");

    // A suspension is in force on every host before the command returns.
    let suspended = Instant::now();
    office.ask(&["tenant", "suspend", "acme", "--reason", "a test"])?.expect(0)?;
    println!("a suspension on three hosts took {:?}", suspended.elapsed());
    for member in [&*one, &*two] {
        let noted = fs::read_to_string(member.host.data().join("standing.json"))?;
        assert!(noted.contains(":1"), "{noted}");
    }
    let waits = submit(office, &[])?;
    let job = text(waits.expect(0)?.lines.first().ok_or("a line")?, "/job").to_owned();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(state(two, &job)?, "ready", "no host begins a run of a suspended tenant");
    two.ask(&["tenant", "reinstate", "acme"])?.expect(0)?;
    until(LIMIT, || Ok((state(office, &job)? == "done").then_some(())))?;

    // Keys that another host has rotated.
    office.ask(&["keys", "rotate", "--tenant", "acme"])?.expect(0)?;
    submit(office, &["--wait", "60"])?.expect(0)?;
    office.ask(&["keys", "rotate", "--host"])?.is_error("keys-hosts-up", 4)?;
    // A host that is stopped for longer than its lease holds nobody up.
    one.signal(rustix::process::Signal::STOP)?;
    let suspended = Instant::now();
    office.ask(&["tenant", "suspend", "globex"])?.expect(0)?;
    println!("a suspension with a host that has stopped took {:?}", suspended.elapsed());
    one.signal(rustix::process::Signal::CONT)?;
    until(LIMIT, || Ok(tenants(one)?.contains(&("globex".to_owned(), "suspended".to_owned())).then_some(())))?;
    for member in [one, two] {
        member.is_up()?;
        member.stop()?;
        let key = fs::read_to_string(member.host.data().join("checkpoint.pub"))?;
        member.ask(&["audit", "verify", "--key", &key])?.expect(0)?;
    }
    Ok(())
}

#[test]
fn who_lacks_something_is_told_what() -> Tested {
    let server = Server::start()?;
    let first = host(&settings(&server, 2))?;
    Said::of(first.command(&["db", "bootstrap"])?.env("PGPASSWORD", server.password()))?.expect(0)?;
    let beside = || -> Tested<Host> {
        let host = host(&settings(&server, 2))?;
        fs::copy(first.data().join("database.credentials"), host.data().join("database.credentials"))?;
        Ok(host)
    };
    // Of those that are the first at the same time one is.
    let at_once = [beside()?, beside()?, beside()?];
    let children = at_once.each_ref().map(|host| {
        let mut command = host.command(&["tenant", "list"])?;
        Ok::<_, Box<dyn std::error::Error>>(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    });
    let mut winners = Vec::new();
    for (host, child) in at_once.iter().zip(children) {
        let output = child?.wait_with_output()?;
        match output.status.code() {
            Some(0) => winners.push(host),
            code => {
                let said = String::from_utf8(output.stderr)?;
                assert!(code == Some(4) && said.contains("keys-foreign"), "{code:?} {said}");
            }
        }
    }
    let [winner] = winners[..] else { return Err(format!("{} were the first", winners.len()).into()) };
    winner.ask(&["tenant", "add", "acme"])?.expect(0)?;
    // The loser brings the winner's key file and is in.
    let loser = at_once.iter().find(|host| host.data() != winner.data()).ok_or("a loser")?;
    let refused = loser.ask(&["tenant", "list"])?;
    refused.is_error("keys-foreign", 4)?;
    assert!(text(&refused.error()?, "/message").contains("host.key"), "{refused:?}");
    fs::copy(winner.data().join("host.key"), loser.data().join("host.key"))?;
    assert_eq!(loser.ask(&["tenant", "list"])?.expect(0)?.lines.len(), 1);
    // A directory with other keys keeps them.
    let other = Host::without_database()?;
    let keys = fs::read(other.data().join("keys.json"))?;
    fs::write(other.data().join("config.toml"), settings(&server, 2))?;
    fs::copy(winner.data().join("database.credentials"), other.data().join("database.credentials"))?;
    fs::copy(winner.data().join("host.key"), other.data().join("host.key"))?;
    other.ask(&["tenant", "list"])?.is_error("keys-other", 4)?;
    assert_eq!(fs::read(other.data().join("keys.json"))?, keys);
    // Whoever can write to the table decides nothing by it.
    let forge = "update casemate.documents set version = version + 1,
        content = substr(content, 1, 36) || convert_to('{}', 'UTF8') where name = 'shared/tenants'";
    server.ask("casemate", forge)?;
    loser.ask(&["tenant", "list"])?.is_error("data-damaged-shared", 4)
}
