//! The meter of a run that has limits of its own and shares none, for tests of what is charged to it. It doesn't know what
//! is charged.

use std::sync::Arc;

use casemate_gate::Refusal;
use casemate_gate::budget::{Amounts, Limits, Meter, Owner, PerSpan, Share, Terms, Windows};

pub(super) fn meter(run: Limits) -> Result<Arc<Meter>, Refusal> {
    let terms = Terms { run, agent: PerSpan::default(), tenant: PerSpan::default(), denials: 1 };
    let windows = || Windows::at(0, |_, _| Amounts::default());
    let share = |policy| Share::of(Arc::new(Owner::new(None, windows())), windows(), policy);
    Meter::open(terms, share(terms.agent), share(terms.tenant)).map(Arc::new)
}
