//! Runs that go on: what is replayed is not paid for twice, and what a dead host held pays for the rest.

use super::parties::{NOW, Parties, caps, terms};
use crate::budget::{Amounts, Meter, PerResource, PerSpan, Resource, Span, Stretch, Terms};

fn whole(run: u64, hour: u64) -> Terms {
    let windows = PerSpan { hour: caps(Some(hour)), ..PerSpan::default() };
    Terms { run: PerResource::each(|_| run), ..terms(run, PerSpan::default(), windows) }
}

#[test]
fn a_run_that_wakes_pays_for_what_is_new() {
    let parties = Parties::new();
    let terms = whole(100, 1_000);
    let first = parties.open(terms, "a");
    assert_eq!(first.take(Resource::Calls, 7), Ok(()));
    let spent = first.settle(30, 5);
    assert_eq!((spent.fuel, spent.wall_clock, spent.calls), (30, 5, 7));
    drop(first);
    // It had used this when it fell asleep, and does it again before it goes on.
    let (agent, tenant) = parties.shares(NOW, &terms, "a");
    let replayed = Amounts { wall_clock: 5, ..spent };
    let second = Meter::wake(terms, agent, tenant, replayed).unwrap();
    assert_eq!(parties.used("", Span::Hour).fuel, 30 + 70, "the rest of its fuel is held");
    assert_eq!(parties.used("", Span::AtOnce).calls, 7, "what it replays counts at once from the beginning");
    assert_eq!(second.replay(Resource::Calls, 7), Ok(()));
    assert_eq!((second.used(Resource::Calls), parties.used("", Span::AtOnce).calls), (7, 7));
    assert_eq!(second.take(Resource::Calls, 2), Ok(()));
    let spent = second.settle(45, 4);
    assert_eq!((spent.fuel, spent.wall_clock, spent.calls), (15, 4, 2));
    let hour = parties.used("", Span::Hour);
    assert_eq!((hour.fuel, hour.wall_clock, hour.calls), (45, 9, 9));
    drop(second);
    assert_eq!(parties.used("a", Span::AtOnce), Amounts::default());
}

#[test]
fn a_replay_stops_where_the_run_s_own_limit_is() {
    let parties = Parties::new();
    let terms = whole(5, 1_000);
    let (agent, tenant) = parties.shares(NOW, &terms, "a");
    let meter = Meter::wake(terms, agent, tenant, Amounts { calls: 5, ..Amounts::default() }).unwrap();
    assert_eq!(meter.replay(Resource::Calls, 5), Ok(()));
    assert!(meter.replay(Resource::Calls, 1).unwrap_err().message().contains("the run's budget `calls`"));
}

#[test]
fn what_a_dead_host_held_pays_for_the_rest_even_where_nothing_is_left() {
    let terms = whole(100, 100);
    let parties = Parties::new();
    let dead = parties.open(terms, "a");
    let held = dead.stretch().held;
    assert_eq!(held, Amounts { memory: 0, ..PerResource::each(|_| 100) });
    dead.recorded();
    drop(dead);
    // Another process reads the record: of the hour all is held.
    for resource in [Resource::Calls, Resource::LogBytes, Resource::ResultBytes] {
        let window = parties.tenant.windows(NOW, |_, _| Amounts::default()).hour;
        assert_eq!(window.used.get(resource).used(), 100, "all that it might have used counts");
        let window = parties.agent("a").windows(NOW, |_, _| Amounts::default()).hour;
        assert_eq!(window.used.get(resource).used(), 100, "all that it might have used counts");
    }
    assert!(parties.try_open(terms, "b").is_err(), "nobody else gets any of it");
    let (agent, tenant) = parties.shares(NOW, &terms, "a");
    let replayed = Amounts { calls: 40, fuel: 50, ..Amounts::default() };
    let stretch = Stretch { before: Amounts::default(), held, replayed };
    let again = Meter::adopt(terms, agent, tenant, stretch).unwrap();
    assert_eq!(again.replay(Resource::Calls, 40), Ok(()));
    assert_eq!(again.remaining().calls, 60);
    assert_eq!(again.take(Resource::Calls, 10), Ok(()));
    again.give_back(Resource::Calls, 3);
    assert_eq!(again.take_up_to(Resource::Calls, 1_000), Ok(53), "and what was given back");
    assert!(again.take(Resource::Calls, 60).is_err());
    let spent = again.settle(70, 10);
    assert_eq!((spent.fuel, spent.wall_clock, spent.calls), (70, 10, 100));
    let hour = parties.used("", Span::Hour);
    assert_eq!((hour.fuel, hour.wall_clock, hour.calls, hour.log_bytes), (70, 10, 100, 0));
    drop(again);
    assert_eq!(parties.used("", Span::Hour).fuel, 70);
    assert_eq!(parties.used("a", Span::AtOnce), Amounts::default());
}
