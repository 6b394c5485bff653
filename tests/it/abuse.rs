//! Hostile guests, each with one attack: what they come to, what is on record of them afterwards, and what they cost the
//! host's process. A guest is a file of `tests/guests/wat`; its head says what has to happen. It doesn't know how the
//! host does it.

mod assemble;
mod bombs;
mod crowd;
mod forged;
mod inspected;
mod judged;
mod measured;
mod probes;
mod replayed;
mod rows;
mod script;
mod topics;
mod verdicts;
mod waiting;
