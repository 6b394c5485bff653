//! Budgets, pauses and leases for all numbers.

use proptest::prelude::*;

use crate::escrow::{Account, grant_size};
use crate::lease::{Lease, Terms};
use crate::recovery::{CallAction, Class, Found, LedgerAction, action};
use crate::retry::Policy;

proptest! {
    #[test]
    fn an_account_never_passes_its_limit(
        limit in 0_u64..200,
        acts in prop::collection::vec((any::<bool>(), 0_u64..40, 0_u64..40), 0..60),
    ) {
        let mut account = Account { limit: Some(limit), spent: 0, reserved: 0 };
        let mut grants: Vec<u64> = Vec::new();
        for (reserves, one, other) in acts {
            if reserves {
                grants.extend(account.reserve(one.max(other), one.min(other)));
            } else if let Some(granted) = grants.pop() {
                prop_assert_eq!(account.settle_after_crash(granted, one.min(granted), 0), Ok(one.min(granted)));
            }
            prop_assert!(account.spent + account.reserved <= limit);
            prop_assert_eq!(account.reserved, grants.iter().sum::<u64>());
        }
    }

    #[test]
    fn a_grant_is_no_more_than_a_share(expected in 0_u64..1_000, remaining in 0_u64..1_000, hosts in 0_u32..9) {
        let size = grant_size(expected, remaining, hosts);
        prop_assert!(size >= 1 && size <= expected.max(1));
        prop_assert!(size == 1 || size * u64::from(hosts.max(1)) <= remaining);
    }

    #[test]
    fn a_pause_stays_between_its_bounds(attempt in 1_u32..99, first in 0_u64..9_999, random: u64) {
        let policy = Policy::new(5, first, 60_000).unwrap();
        let pause = policy.delay_ms(attempt, random);
        prop_assert!(pause <= 60_000 && pause >= (first / 2).min(30_000));
    }

    #[test]
    fn a_host_stops_before_its_lease_is_over(sent in 0_u64..10_000, way in 0_u64..5_000, passed in 0_u64..30_000) {
        let terms = Terms::new(10_000, 1_000, 2_000, 500).unwrap();
        let lease = Lease::begin(terms, sent);
        // The database took the renewal on its way; the host's clock runs slow by almost the most.
        let (renewed, now) = (sent + way, sent + passed);
        let clock = sent + passed - passed / 51;
        prop_assert!(!(lease.holds(clock) && terms.is_over(renewed, now)));
    }
}

#[test]
fn terms_and_policies_that_hold_nothing_are_none() {
    assert!(Terms::new(1_000, 1_000, 1, 0).is_none());
    assert!(Terms::new(1_000, 10, 100, 0).is_none());
    assert!(Terms::new(1_000, 100, 901, 0).is_none());
    assert!(Policy::new(0, 1, 1).is_none() && Policy::new(21, 1, 1).is_none() && Policy::new(1, 2, 1).is_none());
}

#[test]
fn accounts_refuse_wrong_settlements_and_stay() {
    let mut account = Account { limit: None, spent: 1, reserved: 5 };
    assert!(account.settle(5, 6).is_err() && account.settle(6, 1).is_err());
    assert_eq!(account, Account { limit: None, spent: 1, reserved: 5 });
    assert_eq!(account.settle_after_crash(5, 2, 9), Ok(5));
}

#[test]
fn only_calls_that_can_be_repeated_are_repeated() {
    let open = Found {
        in_journal: true,
        in_ledger: true,
        is_late: false,
        has_outcome: false,
        class: Class::Other,
        is_quiet: true,
        resolution: None,
    };
    let calls = Class::ALL.map(|class| action(&Found { class, ..open }).call);
    let expected = [
        CallAction::CallAgain,
        CallAction::ResendSameKey,
        CallAction::CallAgain,
        CallAction::AskStatus,
        CallAction::Park,
    ];
    assert_eq!(calls, expected);
    let early = [Class::Queryable, Class::Other].map(|class| action(&Found { class, is_quiet: false, ..open }).call);
    assert_eq!(early, [CallAction::Wait; 2]);
    assert_eq!(action(&Found { has_outcome: true, ..open }).call, CallAction::Settle);

    let ledger = |in_journal, in_ledger, is_late| action(&Found { in_journal, in_ledger, is_late, ..open }).ledger;
    assert_eq!(ledger(true, true, false), LedgerAction::Nothing);
    assert_eq!(ledger(true, false, false), LedgerAction::AppendLate);
    assert_eq!(ledger(false, true, false), LedgerAction::Void);
    assert_eq!(ledger(false, true, true), LedgerAction::Flag);
    assert_eq!(action(&Found { in_journal: false, ..open }).call, CallAction::Nothing);
}
