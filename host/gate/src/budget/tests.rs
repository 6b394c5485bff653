//! What must hold of every budget in every history: spent and reserved together never pass a limit, all owners are
//! charged or none, and what is not spent comes back.

mod hosted;
mod lent;
mod parties;
mod resumed;

use std::sync::Arc;
use std::thread;

use casemate_abi::Code;
use proptest::prelude::*;

use super::{Amounts, Caps, Meter, PerSpan, Resource, Span};
use parties::{NOW, Parties, caps, terms};

#[derive(Debug, Clone, Copy)]
enum Step {
    Take(u64),
    TakeUpTo(u64),
    GiveBack(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..2000_u64).prop_map(Step::Take),
        (0..2000_u64).prop_map(Step::TakeUpTo),
        (0..2000_u64).prop_map(Step::GiveBack),
    ]
}

/// Limits of at once, hour, day and month; more than 6,000 is none.
fn limits() -> impl Strategy<Value = PerSpan<Caps>> {
    prop::array::uniform4(1..8000_u64).prop_map(|[at_once, hour, day, month]| {
        let cap = |limit: u64| caps((limit <= 6000).then_some(limit));
        PerSpan { at_once: cap(at_once), hour: cap(hour), day: cap(day), month: cap(month) }
    })
}

proptest! {
    #[test]
    fn nobody_passes_a_limit_and_all_are_charged_or_none(
        run in 1..3000_u64,
        agent in limits(),
        tenant in limits(),
        operator in limits(),
        resource in prop::sample::select(vec![Resource::Memory, Resource::Calls, Resource::ResultBytes]),
        steps in prop::collection::vec((0..3_usize, step()), 0..60),
    ) {
        let parties = Parties::new();
        for span in Span::ALL {
            parties.tenant.bind("acme", span, operator.get(span));
        }
        // Two runs of one agent and one of another. Fuel and time are free here.
        let terms = terms(run, agent, tenant);
        let meters = ["a", "a", "b"].map(|agent| Arc::new(parties.open(terms, agent)));
        let mut held = [0_u64; 3];
        for (which, step) in steps {
            let meter = &meters[which];
            let before = meter.used(resource);
            match step {
                Step::Take(amount) => if meter.take(resource, amount).is_ok() { held[which] += amount },
                Step::TakeUpTo(amount) => held[which] += meter.take_up_to(resource, amount).unwrap_or(0),
                Step::GiveBack(amount) => {
                    meter.give_back(resource, amount);
                    held[which] -= amount.min(before);
                }
            }
            prop_assert_eq!(meter.used(resource), held[which]);
            prop_assert!(held[which] <= run);
            let (of_a, all) = (held[0] + held[1], held.iter().sum::<u64>());
            for (owner, policy, used) in [("a", &agent, of_a), ("b", &agent, held[2]), ("", &tenant, all)] {
                for span in Span::ALL {
                    if span != Span::AtOnce && resource == Resource::Memory {
                        continue;
                    }
                    let counted = parties.used(owner, span);
                    prop_assert_eq!(*counted.get(resource), used, "{} {:?}", owner, span);
                    let own = policy.get(span).get(resource).unwrap_or(u64::MAX);
                    let beside = if owner.is_empty() { *operator.get(span).get(resource) } else { None };
                    prop_assert!(used <= own.min(beside.unwrap_or(u64::MAX)), "{} {:?}", owner, span);
                }
            }
        }
        for meter in &meters {
            meter.settle(0, 0);
        }
        drop(meters);
        let total: u64 = held.iter().sum();
        prop_assert_eq!(*parties.used("", Span::AtOnce).get(resource), 0, "an ended run gives back what it used at once");
        if resource != Resource::Memory {
            prop_assert_eq!(*parties.used("", Span::Month).get(resource), total, "and not what is added up");
        }
    }

    #[test]
    fn fuel_and_time_are_held_whole_and_settled(
        limit in 1..1000_u64,
        hour in 500..4000_u64,
        burned in prop::collection::vec((0..1500_u64, 0..1500_u64), 1..12),
    ) {
        let parties = Parties::new();
        let windows = PerSpan { hour: caps(Some(hour)), ..PerSpan::default() };
        let terms = super::Terms { run: caps(Some(limit)).map_or_zero(), ..terms(limit, PerSpan::default(), windows) };
        let mut spent = Amounts::default();
        for (fuel, time) in burned {
            let room = hour - spent.fuel >= limit && hour - spent.wall_clock >= limit;
            match parties.try_open(terms, "a") {
                Ok(meter) => {
                    prop_assert!(room);
                    prop_assert_eq!(parties.used("", Span::Hour).fuel, spent.fuel + limit);
                    let used = meter.settle(fuel, time);
                    prop_assert_eq!((used.fuel, used.wall_clock), (fuel.min(limit), time.min(limit)));
                    spent = spent.plus(&used);
                }
                Err(refusal) => {
                    prop_assert!(!room, "{}", refusal);
                    prop_assert!(matches!(refusal.code(), Code::BudgetFuel | Code::BudgetWallClock));
                }
            }
            prop_assert_eq!(parties.used("a", Span::Day), spent, "all owners and spans count the same");
            prop_assert_eq!(parties.used("", Span::Hour), spent);
            prop_assert_eq!(parties.used("", Span::AtOnce), Amounts::default());
        }
    }
}

#[test]
fn threads_together_take_exactly_the_limit() {
    for (span, limit) in [(Span::AtOnce, 10_000), (Span::Day, 9_999)] {
        let parties = Parties::new();
        let mut tenant = PerSpan::default();
        *tenant.get_mut(span) = caps(Some(limit));
        let terms = terms(u64::MAX / 2, PerSpan::default(), tenant);
        let taken: u64 = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let meter = parties.open(terms, if number % 2 == 0 { "a" } else { "b" });
                    scope.spawn(move || {
                        let once = (0..5_000).filter(|_| meter.take(Resource::Calls, 1).is_ok()).count() as u64;
                        let more = (0..100).map(|_| meter.take_up_to(Resource::Calls, 7).unwrap_or(0)).sum::<u64>();
                        // Kept to the end, so that nothing is given back while others still take.
                        (once + more, meter)
                    })
                })
                .collect();
            let ended: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            let counted = |agent: &str| *parties.used(agent, span).get(Resource::Calls);
            assert_eq!((counted(""), counted("a") + counted("b")), (limit, limit));
            ended.iter().map(|(taken, _)| taken).sum()
        });
        assert_eq!(taken, limit);
        assert_eq!(parties.used("", Span::AtOnce), Amounts::default());
    }
}

#[test]
fn exhaustion_says_what_whose_and_how_to_raise_it() {
    let said = |agent: PerSpan<Caps>, tenant: PerSpan<Caps>, operator: Option<u64>| {
        let parties = Parties::new();
        parties.tenant.bind("acme", Span::Month, &caps(operator));
        let meter = parties.open(terms(10, agent, tenant), "a");
        meter.take(Resource::Calls, 11).or_else(|_| meter.take(Resource::Calls, 5)).unwrap_err()
    };
    let (none, four) = (PerSpan::default(), caps(Some(4)));
    let at_once = PerSpan { at_once: four, ..none };
    let hour = PerSpan { hour: four, ..none };
    let day = PerSpan { day: four, ..none };
    for (refusal, words) in [
        (
            said(at_once, none, None),
            "the agent a's budget `calls` at once is used up: 0 of 4 taken, 5 more asked for; raise `budget.agent.calls` in the policy",
        ),
        (
            said(none, hour, None),
            "the tenant's budget `calls` for this hour, which ends at 2026-11-24T07:00:00Z, is used up: 0 of 4 taken, 5 more asked for; raise `budget.tenant.hour.calls` in the policy",
        ),
        (
            said(day, none, None),
            "the agent a's budget `calls` for this day, which ends at 2026-11-25T00:00:00Z, is used up: 0 of 4 taken, 5 more asked for; raise `budget.agent.day.calls` in the policy",
        ),
        (
            said(none, none, Some(3)),
            "the tenant's budget `calls` for this month, which ends at 2026-12-01T00:00:00Z, is used up: 0 of 3 taken, 5 more asked for; raise it with `casemate budget set acme --window month calls=N`",
        ),
    ] {
        assert_eq!((refusal.code(), refusal.message()), (Code::BudgetCalls, words));
    }
    let parties = Parties::new();
    let meter = parties.open(terms(10, none, none), "a");
    let own = meter.take(Resource::LogBytes, 11).unwrap_err();
    assert_eq!(
        (own.code(), own.message()),
        (
            Code::BudgetLogBytes,
            "the run's budget `log-bytes` is used up: 0 of 10 taken, 11 more asked for; raise `budget.run.log-bytes` in the policy"
        )
    );
    let denied = (0..100).find_map(|_| meter.denied().err()).unwrap();
    assert_eq!(denied.code(), Code::BudgetDenials);
    assert!(denied.message().contains("10 times") && denied.message().contains("budget.denials"), "{denied}");
}

#[test]
fn what_the_operator_sets_holds_for_runs_under_way() {
    let parties = Parties::new();
    let meter = parties.open(terms(100, PerSpan::default(), PerSpan::default()), "a");
    assert_eq!(meter.take(Resource::Calls, 10), Ok(()));
    parties.agent("a").bind("acme", Span::AtOnce, &Caps { calls: Some(12), ..Caps::default() });
    assert_eq!(meter.remaining().calls, 2);
    assert!(meter.take(Resource::Calls, 3).is_err());
    assert_eq!(meter.take_up_to(Resource::Calls, 3), Ok(2));
    let refusal = meter.take(Resource::Calls, 1).unwrap_err();
    assert!(refusal.message().contains("casemate budget set acme --agent a --window at-once calls=N"), "{refusal}");
    parties.agent("a").bind("acme", Span::AtOnce, &Caps::default());
    assert_eq!(meter.take(Resource::Calls, 88), Ok(()));
}

#[test]
fn a_new_window_begins_empty_and_a_clock_that_goes_back_opens_none() {
    let parties = Parties::new();
    let windows = PerSpan { hour: caps(Some(10)), day: caps(Some(15)), ..PerSpan::default() };
    let terms = terms(10, PerSpan::default(), windows);
    assert_eq!(parties.open(terms, "a").take(Resource::Calls, 10), Ok(()));
    assert!(parties.open(terms, "a").take(Resource::Calls, 1).is_err());
    let hour = 3_600_000;
    let later = parties.open_at(NOW + hour, terms, "a").unwrap();
    assert_eq!(later.take(Resource::Calls, 5), Ok(()));
    let day = later.take(Resource::Calls, 1).unwrap_err();
    assert!(day.message().contains("for this day"), "{day}");
    let back = parties.open(terms, "a");
    assert!(back.take(Resource::Calls, 1).is_err(), "the later hour's day is still used up");
    assert_eq!(parties.used("", Span::Hour).calls, 5, "and the later hour is the one that is counted in");
    let next_day = parties.open_at(NOW + 24 * hour, terms, "b").unwrap();
    assert_eq!(next_day.take(Resource::Calls, 10), Ok(()));
}

#[test]
fn a_run_that_one_of_its_owners_cannot_pay_for_takes_nothing() {
    let windows = PerSpan { month: caps(Some(99)), ..PerSpan::default() };
    let parties = Parties::new();
    let run = caps(Some(100)).map_or_zero();
    let terms = super::Terms { run, ..terms(1, PerSpan::default(), windows) };
    let refusal = parties.try_open(terms, "a").map(drop).unwrap_err();
    assert_eq!(refusal.code(), Code::BudgetFuel);
    assert!(refusal.message().contains("0 of 99 taken, 100 more asked for"), "{refusal}");
    for owner in ["a", ""] {
        for span in Span::ALL {
            assert_eq!(parties.used(owner, span), Amounts::default(), "{owner} {span:?}");
        }
    }
}

#[test]
fn a_meter_that_is_on_no_record_gives_all_back() {
    let parties = Parties::new();
    let run = caps(Some(100)).map_or_zero();
    let terms = super::Terms { run, ..terms(1, PerSpan::default(), PerSpan::default()) };
    drop(parties.open(terms, "a"));
    assert_eq!(parties.used("", Span::Hour), Amounts::default());
    let meter: Meter = parties.open(terms, "a");
    meter.recorded();
    drop(meter);
    assert_eq!(parties.used("", Span::Hour).fuel, 100, "what is on record stays charged until it is settled");
    assert_eq!(parties.used("", Span::AtOnce), Amounts::default());
}
