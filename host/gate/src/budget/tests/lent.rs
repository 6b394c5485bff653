//! What is lent by an account that others use too: runs together never pass its limit, whatever they take, give back and ask
//! for, and what none of them used is there for the next.

use casemate_abi::Code;
use proptest::prelude::*;

use super::parties::{NOW, Parties, terms};
use crate::budget::{Amounts, Caps, Meter, PerSpan, Resource, Share, Span, Terms, Windows};

const LIMIT: u64 = 1_000;

/// Calls of a month that the tenant's runs may make together; each of them as many.
fn calls() -> Terms {
    let month = Caps { calls: Some(LIMIT), ..Caps::default() };
    terms(LIMIT, PerSpan::default(), PerSpan { month, ..PerSpan::default() })
}

/// Shares of a run's own in an account of which so many calls are gone.
fn shares(parties: &Parties, gone: u64) -> (Share, Share) {
    let windows = || Windows::at(NOW, |_: Span, _| Amounts { calls: gone, ..Amounts::default() });
    let (agent, tenant) = (parties.agent("a").clone(), parties.tenant.clone());
    (Share::of(agent, windows(), calls().agent), Share::of(tenant, windows(), calls().tenant))
}

fn lent(parties: &Parties, gone: u64) -> Option<Meter> {
    let (agent, tenant) = shares(parties, gone);
    Meter::wake_lent(calls(), agent, tenant, Amounts::default()).ok()
}

#[test]
fn a_run_uses_what_it_was_lent_and_asks_for_more() {
    let parties = Parties::new();
    let meter = lent(&parties, 0).unwrap();
    assert_eq!((meter.stretch().held.calls, meter.wanted()), (LIMIT / 4, None));
    assert_eq!(meter.stretch().held.log_bytes, LIMIT, "what has no limit is lent whole");
    assert_eq!(meter.take(Resource::Calls, LIMIT / 4), Ok(()));
    let refusal = meter.take(Resource::Calls, 1).unwrap_err();
    assert_eq!(refusal.code(), Code::BudgetCalls);
    assert!(refusal.message().contains("1000 of 1000 taken"), "{}", refusal.message());
    // What it gives back it has again, without asking.
    meter.give_back(Resource::Calls, 1);
    assert_eq!(meter.take(Resource::Calls, 1), Ok(()));
    let wanted = meter.wanted().unwrap();
    assert_eq!(wanted.calls, LIMIT - LIMIT / 4);
    let (agent, tenant) = shares(&parties, LIMIT / 4);
    let more = meter.portion(agent, tenant, &wanted).unwrap();
    assert_eq!(more.calls, (LIMIT - LIMIT / 4) / 4);
    meter.lend(&more);
    assert_eq!(meter.take(Resource::Calls, more.calls), Ok(()));
    assert!(meter.take(Resource::Calls, 1).is_err());
    let (agent, tenant) = shares(&parties, LIMIT);
    assert_eq!(meter.portion(agent, tenant, &wanted), None, "nothing is left");
    assert_eq!(meter.settle(0, 0).calls, LIMIT / 4 + more.calls);
}

#[test]
fn what_was_taken_of_nothing_needs_nothing() {
    let meter = lent(&Parties::new(), LIMIT).unwrap();
    assert_eq!(meter.stretch().held.calls, 0);
    assert_eq!(meter.take(Resource::Calls, 0), Ok(()));
    assert!(meter.take(Resource::Calls, 1).is_err());
}

proptest! {
    /// An account kept as hosts keep it: what is held is added when it is lent, and settled to what was used.
    #[test]
    fn an_account_is_never_overdrawn(steps in prop::collection::vec((0..6_usize, 1..60_u64, 0..4_u8), 0..200)) {
        let parties = Parties::new();
        let (mut spent, mut held) = (0_u64, 0_u64);
        let mut runs: [Option<(Meter, u64)>; 6] = [const { None }; 6];
        for (which, amount, step) in steps {
            let Some((meter, lent_to_it)) = &mut runs[which] else {
                if let Some(meter) = lent(&parties, spent + held) {
                    let part = meter.stretch().held.calls;
                    held += part;
                    runs[which] = Some((meter, part));
                }
                continue;
            };
            match step {
                0 => meter.give_back(Resource::Calls, amount),
                1 => {
                    let used = meter.settle(0, 0).calls;
                    prop_assert!(used <= *lent_to_it);
                    held -= *lent_to_it;
                    spent += used;
                    runs[which] = None;
                }
                _ => {
                    if let Some(wanted) = meter.wanted() {
                        let (agent, tenant) = shares(&parties, spent + held);
                        if let Some(more) = meter.portion(agent, tenant, &wanted) {
                            meter.lend(&more);
                            held += more.calls;
                            *lent_to_it += more.calls;
                        }
                    }
                    let _refused = meter.take(Resource::Calls, amount);
                    prop_assert!(meter.used(Resource::Calls) <= *lent_to_it);
                }
            }
            prop_assert!(spent + held <= LIMIT, "{spent} spent, {held} held");
        }
    }
}
