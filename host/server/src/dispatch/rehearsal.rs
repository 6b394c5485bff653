//! Runs of an agent for its author: recorded as they happen, and repeated from a recording, through the same gates and on
//! the same record, with nothing left to chance. It doesn't know what is expected of them.

use casemate_gate::vault::VaultRecord;
use casemate_gate::{Refusal, RunId};
use casemate_keys::random;
use casemate_pii::Token;

use super::{DispatchError, Dispatcher, Job};
use crate::clock;
use crate::crossing::{Bill, Exchange, Transcription};
use crate::tools::Script;

/// Seed of the randomness of every rehearsal.
const SEED: [u8; 32] = [0; 32];

/// A run that is repeated from a recording.
pub struct Rehearsal {
    /// The input as the guest saw it.
    pub input: serde_json::Value,
    /// When the run begins, in milliseconds since 1970-01-01T00:00:00Z.
    pub start_ms: u64,
    /// The answers to its calls.
    pub script: Script,
    /// Tokens that could be turned back when it was recorded; here they stand for themselves.
    pub tokens: Vec<Token>,
}

/// What came of it.
#[derive(Debug)]
pub struct Rehearsed {
    /// The result document, or why there is none.
    pub result: Result<String, Refusal>,
    /// What was asked and answered.
    pub exchanges: Vec<Exchange>,
    /// What it used.
    pub bill: Bill,
}

/// What differs between a real run and a rehearsal.
pub(super) struct Circumstances {
    pub(super) time_ms: u64,
    pub(super) seed: [u8; 32],
    pub(super) given: Vec<VaultRecord>,
    pub(super) transcription: Option<Transcription>,
    pub(super) script: Option<Box<Script>>,
}

impl Circumstances {
    /// Those of the world, now.
    pub(super) fn real(transcription: Option<Transcription>) -> Result<Self, DispatchError> {
        Ok(Self { time_ms: clock::now_ms(), seed: random()?, given: Vec::new(), transcription, script: None })
    }
}

impl Dispatcher {
    /// Repeats a run from a recording; the host's tools must be [`recorded`](crate::tools::Tools::recorded).
    ///
    /// # Errors
    /// [`DispatchError`] when it can't be started or recorded; a run that ended by a refusal is no error.
    pub async fn rehearse(&self, job: &Job, rehearsal: Rehearsal) -> Result<(RunId, Rehearsed), DispatchError> {
        let Rehearsal { input, start_ms, script, tokens } = rehearsal;
        let transcription = Transcription::default();
        let circumstances = Circumstances {
            time_ms: start_ms,
            seed: SEED,
            given: tokens.into_iter().map(VaultRecord::stand_in).collect(),
            transcription: Some(transcription.clone()),
            script: Some(Box::new(script)),
        };
        let (run, ended) = self.run_in(job, input, None, circumstances).await?;
        let exchanges = transcription.exchanges()?;
        Ok((run, Rehearsed { result: ended.result, exchanges, bill: ended.bill }))
    }
}
