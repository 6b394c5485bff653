//! The record: what it says after a crash at any byte, what damage it tells of, and that it doesn't grow for ever.

use std::fs;
use std::path::PathBuf;

use casemate_gate::budget::{Amounts, Caps, PerResource, PerSpan, Period, Span, Terms};
use casemate_gate::call::Origin;
use casemate_gate::{AgentName, RunId, TenantId};
use proptest::prelude::*;
use uuid::Uuid;

use super::entry::{Change, Entry};
use super::{Book, BudgetError, Budgets};

/// 2026-11-24T06:40:00Z.
const NOW: u64 = 1_795_502_400_000;
const HOUR: u64 = 3_600_000;

fn tenant() -> TenantId {
    TenantId::from(Uuid::from_u128(7))
}

fn origin(run: u128, agent: &str) -> Origin {
    Origin {
        tenant: tenant(),
        agent: AgentName::try_from(agent.to_owned()).unwrap(),
        run: RunId::from(Uuid::from_u128(run)),
    }
}

fn each(amount: u64) -> Amounts {
    Amounts { memory: 0, ..PerResource::each(|_| amount) }
}

/// A run of at most 100 of each, of which a tenant may use so many in an hour.
fn terms(hour: u64) -> Terms {
    let caps = |limit| Caps::each(|_| Some(limit));
    let tenant = PerSpan { hour: caps(hour), ..PerSpan::default() };
    Terms { run: PerResource::each(|_| 100), agent: PerSpan::default(), tenant, denials: 10 }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("budgets");
    (directory, path)
}

fn spent(book: &Book, agent: Option<&str>, span: Span) -> Amounts {
    let agent = agent.map(|name| AgentName::try_from(name.to_owned()).unwrap());
    book.spent(&(tenant(), agent), span, Period::of(span, NOW))
}

fn held(book: &Book) -> Amounts {
    book.held(&(tenant(), None), Period::of(Span::Hour, NOW))
}

#[tokio::test]
async fn what_was_used_survives_the_process_and_what_was_held_the_kill() {
    let (_directory, path) = place();
    let budgets = Budgets::open(&path).unwrap();
    let (first, second) = (origin(1, "a"), origin(2, "b"));
    let meter = budgets.begin_alone(&first, &terms(250), NOW).unwrap();
    budgets.hold(&first, &meter, NOW).await.unwrap();
    meter.take(casemate_gate::budget::Resource::Calls, 3).unwrap();
    let used = meter.settle(40, 5);
    budgets.settle_alone(first.run, used).await;
    drop(meter);
    let killed = budgets.begin_alone(&second, &terms(250), NOW).unwrap();
    budgets.hold(&second, &killed, NOW).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "nobody drops anything in a process that is killed")]
    std::mem::forget((killed, budgets));

    let book = Budgets::look(&path).unwrap();
    let expected = Amounts { fuel: 40, wall_clock: 5, calls: 3, ..Amounts::default() };
    for span in [Span::Hour, Span::Day, Span::Month] {
        assert_eq!(spent(&book, None, span), expected);
        assert_eq!(spent(&book, Some("a"), span), expected);
        assert_eq!(spent(&book, Some("b"), span), Amounts::default());
    }
    assert_eq!(held(&book), each(100));

    let again = Budgets::open(&path).unwrap();
    let third = origin(3, "a");
    assert_eq!(again.begin_alone(&third, &terms(250), NOW).map(drop), Ok(()), "40 used, 100 held, 100 asked for");
    assert!(again.begin_alone(&third, &terms(200), NOW).is_err(), "the held amounts are charged");
    // The run whose host died goes on with what was held for it, though nothing else is left.
    let replayed = Amounts { calls: 10, fuel: 30, ..Amounts::default() };
    let resumed = again.go_on_alone(&second, &terms(140), NOW, replayed).unwrap();
    assert!(again.go_on_alone(&second, &terms(140), NOW, replayed).is_err(), "it is under way");
    resumed.replay(casemate_gate::budget::Resource::Calls, 10).unwrap();
    resumed.take(casemate_gate::budget::Resource::Calls, 5).unwrap();
    let used = resumed.settle(60, 20);
    again.settle_alone(second.run, used).await;
    assert_eq!((used.fuel, used.calls), (60, 15));
    let book = Budgets::look(&path).unwrap();
    assert_eq!(held(&book), Amounts::default());
    assert_eq!(spent(&book, None, Span::Hour).fuel, 100);
    assert_eq!(spent(&book, Some("b"), Span::Month).calls, 15);
    assert!(again.begin_alone(&origin(4, "c"), &terms(199), NOW).is_err(), "100 used, 100 asked for");
    assert_eq!(again.begin_alone(&origin(4, "c"), &terms(199), NOW + HOUR).map(drop), Ok(()), "the next hour is empty");
}

#[tokio::test]
async fn a_run_that_sleeps_pays_for_each_stretch_once() {
    let (_directory, path) = place();
    let budgets = Budgets::open(&path).unwrap();
    let origin = origin(1, "a");
    let first = budgets.begin_alone(&origin, &terms(1_000), NOW).unwrap();
    budgets.hold(&origin, &first, NOW).await.unwrap();
    first.take(casemate_gate::budget::Resource::Calls, 4).unwrap();
    let used = first.settle(30, 1);
    drop(first);
    budgets.settle_alone(origin.run, used).await;
    let replayed = Amounts { wall_clock: 0, ..used };
    let second = budgets.go_on_alone(&origin, &terms(1_000), NOW + HOUR, replayed).unwrap();
    budgets.hold(&origin, &second, NOW + HOUR).await.unwrap();
    second.replay(casemate_gate::budget::Resource::Calls, 4).unwrap();
    second.take(casemate_gate::budget::Resource::Calls, 1).unwrap();
    let used = second.settle(35, 1);
    budgets.settle_alone(origin.run, used).await;
    let book = Budgets::look(&path).unwrap();
    assert_eq!((spent(&book, None, Span::Hour).calls, spent(&book, None, Span::Day).calls), (4, 5));
    assert_eq!((spent(&book, None, Span::Hour).fuel, spent(&book, None, Span::Day).fuel), (30, 35));
}

#[tokio::test]
async fn the_operator_s_limits_hold_at_once_and_after_a_restart() {
    let (_directory, path) = place();
    let budgets = Budgets::open(&path).unwrap();
    let meter = budgets.begin_alone(&origin(1, "a"), &terms(1_000), NOW).unwrap();
    let whose = (tenant(), None);
    let caps = Caps { calls: Some(2), ..Caps::default() };
    let before = budgets.bounds(&whose, Span::Day);
    let (name, span) = ("acme".to_owned(), Span::Day);
    let change = Change { tenant: tenant(), name, agent: None, span, at_ms: NOW, caps, before, ledger_index: 9 };
    budgets.change(change.clone()).await.unwrap();
    let refusal = meter.take(casemate_gate::budget::Resource::Calls, 3).unwrap_err();
    assert!(refusal.message().contains("casemate budget set acme --window day calls=N"), "{refusal}");
    drop((meter, budgets));
    let again = Budgets::open(&path).unwrap();
    assert_eq!(again.bounds(&whose, Span::Day), caps);
    let meter = again.begin_alone(&origin(1, "a"), &terms(1_000), NOW).unwrap();
    assert!(meter.take(casemate_gate::budget::Resource::Calls, 3).is_err());
    assert_eq!(again.book().kept(&whose).map(|kept| kept.changes.len()), Some(1));
}

/// A file with some of everything, and the books that it goes through line by line.
async fn written() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let (directory, path) = place();
    let budgets = Budgets::open(&path).unwrap();
    for run in 1..6 {
        let origin = origin(run, "a");
        let meter = budgets.begin_alone(&origin, &terms(10_000), NOW).unwrap();
        budgets.hold(&origin, &meter, NOW).await.unwrap();
        if run != 3 {
            let used = meter.settle(u64::try_from(run).unwrap(), 1);
            budgets.settle_alone(origin.run, used).await;
        }
    }
    let bytes = fs::read(&path).unwrap();
    (directory, path, bytes)
}

#[tokio::test]
async fn a_file_that_was_cut_short_anywhere_is_read_up_to_there() {
    let (_directory, path, bytes) = written().await;
    let ends: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'\n').map(|at| at + 1).collect();
    let mut before = None;
    for end in 0..=bytes.len() {
        fs::write(&path, &bytes[..end]).unwrap();
        let whole = ends.iter().rev().find(|whole| **whole <= end).copied().unwrap_or(0);
        let looked = Budgets::look(&path).unwrap();
        if ends.contains(&end) {
            before = Some(looked.clone());
        }
        assert_eq!(Some(&looked), before.as_ref().or(Some(&Book::default())), "cut at {end}");
        if end % 37 == 0 {
            // What is opened is repaired, and can be written to again.
            let budgets = Budgets::open(&path).unwrap();
            assert_eq!(budgets.book(), looked);
            drop(budgets);
            assert!(fs::metadata(&path).unwrap().len() >= whole as u64);
            assert_eq!(Budgets::look(&path).unwrap(), looked);
        }
    }
}

#[tokio::test]
async fn damage_before_the_last_line_is_told_and_nothing_is_lost_by_looking() {
    let (_directory, path, bytes) = written().await;
    let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    for at in (0..last).step_by(29) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let error = Budgets::open(&path).map(drop).unwrap_err();
        assert!(matches!(error, BudgetError::Damaged { .. }), "at {at}: {error}");
        assert_eq!(error.code(), "data-budget-damaged");
        assert_eq!(fs::read(&path).unwrap(), damaged, "at {at}");
    }
}

#[tokio::test]
async fn the_file_is_written_anew_before_it_grows_too_large_and_says_the_same() {
    let (_directory, path) = place();
    let budgets = Budgets::open(&path).unwrap();
    let mut largest = 0;
    for run in 0..16_000_u128 {
        let origin = origin(run, if run % 2 == 0 { "a" } else { "b" });
        let meter = budgets.begin_alone(&origin, &terms(u64::MAX - 1), NOW).unwrap();
        // As `hold` and `settle` do, without waiting for a disk.
        let (tenant, agent) = (origin.tenant, origin.agent.clone());
        let held = meter.stretch().held;
        let hold = super::Hold { run: origin.run, tenant, agent, at_ms: NOW, before: Amounts::default(), held };
        budgets.append(Entry::Hold(hold)).unwrap();
        if run != 5 {
            budgets.append(Entry::Settle { run: origin.run, spent: meter.settle(1, 1) }).unwrap();
        }
        if run % 500 == 0 {
            largest = largest.max(fs::metadata(&path).unwrap().len());
        }
    }
    let size = fs::metadata(&path).unwrap().len();
    assert!(size < 5 << 20 && largest > 3 << 20, "{size} after {largest}");
    let book = budgets.book();
    assert_eq!(spent(&book, None, Span::Hour).fuel, 15_999);
    assert_eq!(held(&book), each(100));
    drop(budgets);
    let again = Budgets::open(&path).unwrap();
    assert_eq!(again.book(), book);
}

#[test]
fn a_disk_that_takes_nothing_is_told_and_nothing_more_is_written() {
    let error = Budgets::open(std::path::Path::new("/proc/none/budgets")).map(drop).unwrap_err();
    assert!(matches!(error, BudgetError::File { .. }) && error.code() == "data-budget", "{error}");
}

proptest! {
    #[test]
    fn every_line_is_read_as_it_was_written(amounts in prop::array::uniform5(any::<u64>()), at_ms in any::<u64>(), span in 0..4_usize) {
        let [fuel, wall_clock, calls, log_bytes, result_bytes] = amounts;
        let spent = Amounts { fuel, memory: 0, wall_clock, calls, log_bytes, result_bytes };
        let Origin { tenant, agent, run } = origin(9, "a");
        let span = Span::ALL[span];
        let caps = Caps { fuel: Some(fuel), calls: None, ..Caps::default() };
        let name = "acme".to_owned();
        for entry in [
            Entry::Hold(super::Hold { run, tenant, agent: agent.clone(), at_ms, before: spent, held: spent }),
            Entry::Settle { run, spent },
            Entry::Total { tenant, agent: Some(agent.clone()), span, begins_ms: at_ms, spent },
            Entry::Change(Change { tenant, name, agent: None, span, at_ms, caps, before: caps, ledger_index: fuel }),
        ] {
            let line = entry.line().unwrap();
            let line = line.strip_suffix('\n').unwrap();
            prop_assert!(line.len() < super::entry::LINE_BYTES && !line.contains('\n'));
            prop_assert_eq!(Entry::parse(line.as_bytes()), Some(entry));
        }
    }
}
