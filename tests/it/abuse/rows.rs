//! What the ledger has of one run, compared with what a guest's head says: `open, outcome 0 x3, refusal 305 many, end
//! 307`; `intent 0 + outcome 0 x8` is a pair that comes eight times. It doesn't know why an entry is there.

use std::iter::Peekable;

use casemate_ledger::Kind;

use crate::host::{Host, Tested};

/// Kind and decision of each entry of a run, in order.
pub(super) fn of(host: &Host, run: &str) -> Tested<Vec<(Kind, u16)>> {
    let mut found = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let leaf = entry?.leaf;
        if leaf.run.to_string() == run {
            found.push((leaf.kind, leaf.decision));
        }
    }
    Ok(found)
}

/// How often a component was refused, on record.
pub(super) fn refused_components(host: &Host) -> Tested<usize> {
    if !host.zone(1).exists() {
        return Ok(0);
    }
    let mut refused = 0;
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let leaf = entry?.leaf;
        refused += usize::from((leaf.kind, leaf.decision) == (Kind::Refusal, 202) && leaf.run.is_nil());
    }
    Ok(refused)
}

/// Whether the entries are as they are described.
pub(super) fn are(found: &[(Kind, u16)], description: &str) -> Tested<bool> {
    let mut found = found.iter().copied().peekable();
    for item in description.split(", ") {
        let (steps, least, most) = item_of(item)?;
        let mut times = 0;
        while times < most && take(&mut found, &steps) {
            times += 1;
        }
        if times < least {
            return Ok(false);
        }
    }
    Ok(found.next().is_none())
}

/// What an entry is, and its decision.
type Step = (Kind, u16);

/// Takes the steps, if the first of them is next.
fn take(found: &mut Peekable<impl Iterator<Item = Step>>, steps: &[Step]) -> bool {
    let mut steps = steps.iter();
    let Some(first) = steps.next() else { return false };
    found.next_if_eq(first).is_some() && steps.all(|step| found.next_if_eq(step).is_some())
}

/// The entries of an item, and how often they come.
fn item_of(item: &str) -> Tested<(Vec<Step>, usize, usize)> {
    let (steps, least, most) = match item.rsplit_once(' ') {
        Some((steps, "many")) => (steps, 1, usize::MAX),
        Some((steps, times)) if times.starts_with('x') => {
            let times = times.trim_start_matches('x').parse()?;
            (steps, times, times)
        }
        _ => (item, 1, 1),
    };
    Ok((steps.split(" + ").map(step).collect::<Tested<_>>()?, least, most))
}

fn step(text: &str) -> Tested<Step> {
    let (kind, decision) = text.split_once(' ').unwrap_or((text, "0"));
    let kind = match kind {
        "open" => Kind::Open,
        "intent" => Kind::Intent,
        "outcome" => Kind::Outcome,
        "refusal" => Kind::Refusal,
        "end" => Kind::End,
        _ => return Err(format!("nobody knows the entry `{text}`").into()),
    };
    Ok((kind, decision.parse()?))
}

#[test]
fn another_row_is_another_record() -> Tested {
    let found = [(Kind::Open, 0), (Kind::Outcome, 0), (Kind::Outcome, 0), (Kind::Refusal, 305), (Kind::End, 307)];
    for description in [
        "open, outcome 0 x2, refusal 305, end 307",
        "open, outcome 0 many, refusal 305 many, end 307",
        "open, outcome 0 + outcome 0 x1, refusal 305, end 307",
    ] {
        assert!(are(&found, description)?, "{description}");
    }
    for description in [
        "open, outcome 0 x1, refusal 305, end 307",
        "open, outcome 0 x3, refusal 305, end 307",
        "open, outcome 0 x2, refusal 306, end 307",
        "open, outcome 0 x2, refusal 305",
        "open, outcome 0 x2, refusal 305, end 307, end 307",
        "outcome 0 x2, refusal 305, end 307",
    ] {
        assert!(!are(&found, description)?, "{description}");
    }
    assert!(are(&found, "nonsense").is_err());
    Ok(())
}
