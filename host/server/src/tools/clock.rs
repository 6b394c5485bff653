//! The `clock` tool: the run's virtual time. It doesn't know what the system's clock says between two records.

use casemate_gate::Reply;

use super::{Answer, Instruments};

pub(super) const fn now(instruments: &Instruments) -> Answer {
    Answer::done(Reply::Time(instruments.clock.now_ms(instruments.fuel_used)))
}

pub(super) fn sleep(instruments: &Instruments, milliseconds: u64) -> Answer {
    Answer::Wait { until_ms: instruments.clock.stamp().saturating_add(milliseconds) }
}
