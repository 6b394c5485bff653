//! What must hold of every budget in every history: spent and reserved together never pass the limit, and what is not
//! spent comes back.

use std::sync::Arc;
use std::thread;

use casemate_abi::Code;
use proptest::prelude::*;

use super::{Account, Limits, Meter, Resource};

const fn limits(each: u64) -> Limits {
    Limits { fuel: each, memory: each, wall_clock: each, calls: each, log_bytes: each, result_bytes: each }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Take(u64),
    TakeUpTo(u64),
    Grow(u64),
    GiveBack(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..2000_u64).prop_map(Step::Take),
        (0..2000_u64).prop_map(Step::TakeUpTo),
        (0..2000_u64).prop_map(Step::Grow),
        (0..2000_u64).prop_map(Step::GiveBack),
    ]
}

proptest! {
    #[test]
    fn run_and_tenant_stay_within_their_limits(
        run in 1..3000_u64,
        tenant in 1..4000_u64,
        steps in prop::collection::vec((0..2_usize, step()), 0..60),
    ) {
        let share = Arc::new(Account::new(&limits(tenant)));
        let meters = [0, 1].map(|_| Meter::open(&limits(run), Arc::clone(&share), 10));
        let mut held = [0_u64; 2];
        for (which, step) in steps {
            let meter = &meters[which];
            let before = meter.used(Resource::Memory);
            match step {
                Step::Take(amount) => if meter.take(Resource::Memory, amount).is_ok() { held[which] += amount },
                Step::TakeUpTo(amount) => held[which] += meter.take_up_to(Resource::Memory, amount).unwrap_or(0),
                Step::Grow(amount) => if meter.grow(amount) == Ok(true) { held[which] += amount },
                Step::GiveBack(amount) => {
                    let amount = amount.min(before);
                    meter.give_back(Resource::Memory, amount);
                    held[which] -= amount;
                }
            }
            prop_assert_eq!(meter.used(Resource::Memory), held[which]);
            prop_assert!(held[which] <= run);
            prop_assert_eq!(share.gauge(Resource::Memory).used(), held[0] + held[1]);
            prop_assert!(held[0] + held[1] <= tenant);
        }
        drop(meters);
        prop_assert_eq!(share.gauge(Resource::Memory).used(), 0, "an ended run gives everything back");
    }
}

#[test]
fn threads_together_take_exactly_the_limit() {
    let share = Arc::new(Account::new(&limits(10_000)));
    let taken: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let meter = Meter::open(&limits(u64::MAX / 2), Arc::clone(&share), 10);
                scope.spawn(move || {
                    let taken = (0..5_000).filter(|_| meter.take(Resource::Calls, 1).is_ok()).count() as u64;
                    // Kept to the end, so that nothing is given back while others still take.
                    (taken, meter)
                })
            })
            .collect();
        let ended: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        ended.iter().map(|(taken, _)| taken).sum()
    });
    assert_eq!(taken, 10_000);
    assert_eq!(share.gauge(Resource::Calls).used(), 0);
}

#[test]
fn exhaustion_says_whose_limit_it_was() {
    let share = Arc::new(Account::new(&limits(100)));
    let own = Meter::open(&limits(60), Arc::clone(&share), 2);
    let other = Meter::open(&limits(60), share, 2);
    assert_eq!(own.take(Resource::Fuel, 60), Ok(()));
    let run = own.take(Resource::Fuel, 1).unwrap_err();
    assert_eq!(run.code(), Code::BudgetFuel);
    assert!(run.message().contains("the run's budget `fuel`") && run.message().contains("60 of 60"), "{run}");
    let tenant = other.take(Resource::Fuel, 41).unwrap_err();
    assert!(tenant.message().contains("the tenant's budget `fuel`"), "{tenant}");
    assert_eq!(other.used(Resource::Fuel), 0, "nothing was taken");
    assert_eq!(other.grow(61), Ok(false), "the run's own cap is for the guest to see");
    assert_eq!(own.grow(60), Ok(true));
    assert_eq!(other.grow(41).unwrap_err().code(), Code::BudgetMemory, "the tenant's is not");
}

#[test]
fn the_run_is_stopped_at_its_last_refusal() {
    let meter = Meter::open(&limits(1), Arc::new(Account::new(&limits(1))), 3);
    assert_eq!((meter.denied(), meter.denied()), (Ok(()), Ok(())));
    assert_eq!(meter.denied().unwrap_err().code(), Code::BudgetDenials);
}
