//! The `random` tool: bytes from the run's seed. It doesn't know where the seed came from.

use casemate_gate::Reply;

use super::{Answer, Instruments};

pub(super) fn bytes(instruments: &mut Instruments, length: u32) -> Answer {
    Answer::done(Reply::Random(instruments.random_bytes(length)))
}
