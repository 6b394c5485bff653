//! Windows of a month, across processes: what one used is not there for the next, until the month is over. Months,
//! since an hour may end while a test runs.

use serde_json::json;

use super::held::written_earlier;
use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{Said, number, text};

/// 31 days, in milliseconds: surely another month.
const MONTH: u64 = 31 * 24 * 60 * 60 * 1000;

fn draws(host: &Host, policy: &Policy, tenant: &str, times: u64) -> Tested<Said> {
    let actions: Vec<_> = (0..times).map(|_| json!({"do": "random"})).collect();
    host.run("hermit", policy, &json!(actions), &[tenant])
}

#[test]
fn calls_of_a_tenant() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::open().within("tenant.month", "calls", 5);
    let first = draws(&host, &policy, "acme", 3)?;
    assert_eq!(first.expect(0)?.refused(2)?, 0);
    let left: Vec<u64> = first.of_type("crossing").map(|line| number(line, "/calls_left")).collect();
    assert_eq!(left, [4, 3, 2]);
    let second = draws(&host, &policy, "acme", 3)?;
    assert_eq!((second.expect(0)?.refused(1)?, second.refused(2)?), (0, 301), "{}", second.stdout);
    let message = text(second.reply(2)?, "/refused/message");
    let words = [
        "the tenant's budget `calls` for this month, which ends at ",
        "is used up: 5 of 5 taken, 1 more asked for; raise `budget.tenant.month.calls` in the policy",
    ];
    assert!(words.iter().all(|words| message.contains(words)), "{message}");
    // What was used is the tenant's, whatever the policy; a neighbour's is its own.
    let other = Policy::open().within("tenant.month", "calls", 6).denials(7);
    let third = draws(&host, &other, "acme", 2)?;
    assert_eq!((third.expect(0)?.refused(0)?, third.refused(1)?), (0, 301), "{}", third.stdout);
    assert_eq!(draws(&host, &policy, "globex", 3)?.expect(0)?.refused(2)?, 0);
    // The month after.
    written_earlier(&host, MONTH)?;
    assert_eq!(draws(&host, &policy, "acme", 3)?.expect(0)?.refused(2)?, 0);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn fuel_of_an_agent() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::open().run("fuel", 20_000_000).within("agent.month", "fuel", 50_000_000);
    let burn = |guest: &str, input| host.run(guest, &policy, &input, &["acme"]);
    let little = json!([{"do": "burn", "turns": 100_000}]);
    let mut burned = 0;
    for _ in 0..3 {
        let said = burn("hermit", little.clone())?;
        burned += number(said.expect(0)?.result()?, "/fuel_used");
    }
    assert!(burned < 30_000_000, "what is held and not burned comes back: {burned}");
    let shown = host.ask(&["budget", "show", "acme", "--agent", "hermit"])?;
    let month = |line: &&serde_json::Value| text(line, "/window") == "month" && text(line, "/resource") == "fuel";
    let line = shown.expect(0)?.of_type("budget").find(month).ok_or("a line")?;
    assert_eq!((number(line, "/used"), number(line, "/held")), (burned, 0), "{line}");
    // A run that burns all it may leaves too little for another, and that one isn't begun.
    let all = json!([{"do": "burn", "turns": u32::MAX}]);
    let mut begun = 0;
    let refused = loop {
        let said = burn("hermit", all.clone())?;
        if said.of_type("result").count() == 0 {
            break said;
        }
        assert_eq!(said.ended_by()?, 302, "{}", said.stdout);
        begun += 1;
        assert!(begun < 4, "{}", said.stdout);
    };
    assert_eq!(begun, (50_000_000 - burned) / 20_000_000);
    refused.is_error("budget-fuel", 1)?;
    let message = text(&refused.error()?, "/message").to_owned();
    assert!(message.contains("the agent hermit's budget `fuel` for this month"), "{message}");
    assert!(message.contains("budget.agent.month.fuel"), "{message}");
    // A run that wasn't begun is on record all the same.
    let mut told = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let entry = entry?;
        if entry.leaf.decision == 302 && entry.leaf.kind == casemate_ledger::Kind::Refusal {
            told.push(String::from_utf8(entry.payload)?);
        }
    }
    assert_eq!(told.len(), 1);
    assert!(
        told.iter().all(|told| told.contains(r#""agent":"hermit""#) && told.contains("for this month")),
        "{told:?}"
    );
    // Another agent of the same tenant has its own.
    assert_eq!(burn("looper", json!(null))?.ended_by()?, 302);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn an_agent_s_runs_at_the_same_time() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::open().run("fuel", 1_000_000).within("agent", "fuel", 1_500_000);
    let said = host.run("hermit", &policy, &json!([{"do": "random"}]), &["acme", "acme", "globex"])?;
    let ended = |tenant: &str| said.of_type("result").filter(|line| text(line, "/tenant") == tenant).count();
    // Two of one agent may be too many at once; which of them ended first is chance. The neighbour's isn't touched.
    assert!((1..=2).contains(&ended("acme")) && ended("globex") == 1, "{}{}", said.stdout, said.stderr);
    if ended("acme") == 1 {
        let message = text(&said.error()?, "/message").to_owned();
        assert!(message.contains("the agent hermit's budget `fuel` at once"), "{message}");
        assert!(message.contains("raise `budget.agent.fuel`"), "{message}");
    }
    host.verify()?.expect(0).map(drop)
}
