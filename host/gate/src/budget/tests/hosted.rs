//! Bytes that the host holds: whose cap it is decides what becomes of the run.

use std::sync::Arc;

use casemate_abi::Code;

use super::parties::{Parties, caps, terms};
use crate::budget::{Hosted, PerSpan, Resource, Span, Unhosted};

#[test]
fn the_run_s_own_cap_refuses_the_call_and_another_s_ends_the_run() {
    let parties = Parties::new();
    let at_once = PerSpan { at_once: caps(Some(150)), ..PerSpan::default() };
    let terms = terms(100, PerSpan::default(), at_once);
    let meters = ["a", "b"].map(|agent| Arc::new(parties.open(terms, agent)));
    let mut own = Hosted::nothing(Arc::clone(&meters[0]));
    assert_eq!(own.add(60), Ok(()));
    assert_eq!(meters[0].grow(41), Ok(false), "the guest's memory and the host's are one budget");
    let Err(Unhosted::Own(refusal)) = own.add(41) else {
        assert_eq!(own.bytes(), 60, "the own cap is the run's own");
        return;
    };
    assert_eq!(refusal.code(), Code::BudgetMemory);
    assert!(
        refusal.message().starts_with("the run's budget `memory` is used up: 60 of 100 taken, 41 more"),
        "{refusal}"
    );
    assert!(!refusal.ends_run());
    let mut other = Hosted::nothing(Arc::clone(&meters[1]));
    let shared = other.add(91);
    assert!(
        matches!(&shared, Err(Unhosted::Shared(refusal)) if refusal.message().contains("the tenant's")),
        "{shared:?}"
    );
    assert_eq!((other.bytes(), meters[1].used(Resource::Memory)), (0, 0), "nothing was taken");
    assert_eq!(own.resize(10), Ok(()));
    assert_eq!(other.add(91), Ok(()));
    drop((own, other));
    assert_eq!(parties.used("", Span::AtOnce).memory, 0);
}
