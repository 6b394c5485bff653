//! How a run ends, on record: its result without personal data, and a keyed digest of what the guest returned before
//! anything was taken out of it, so that a replay can tell whether it returns the same. It doesn't know what ended it.

use std::time::Duration;

use casemate_abi::Code;
use casemate_gate::Refusal;
use casemate_gate::budget::Resource;
use casemate_gate::job::Ending;
use casemate_pii::Channel;

use super::event::What;
use super::frame::{Frame, Refused};
use super::passage::Passage;

/// What the meter says at the end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bill {
    /// Units of fuel burned.
    pub fuel_used: u64,
    /// Calls attempted.
    pub calls: u64,
    /// Time in guest and gates, waiting not counted.
    pub running: Duration,
    /// Most bytes that it held at once.
    pub peak_memory: u64,
}

/// How a run ended, on record.
#[derive(Debug)]
pub struct Ended {
    /// The result document, or why there is none.
    pub result: Result<String, Refusal>,
    /// Index of the end in the tenant's log.
    pub index: u64,
    /// What it used.
    pub bill: Bill,
}

/// Label of the key of an end's digest; the run's digests of requests are made by the key above it.
const END: &[u8] = b"end";

impl Passage {
    /// Keyed digest of how the guest ended: its document as it returned it, or the refusal's number and message.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn said(&self, result: &Result<serde_json::Value, Refusal>) -> Result<[u8; 32], Refusal> {
        let key = self.digest_key.derive(&[END]).map_err(|cause| {
            Refusal::new(Code::AuditUnavailable, "the run's end could not be put on record").with_internal(cause)
        })?;
        Ok(match result {
            Ok(document) => key.tag(&[&[0], document.to_string().as_bytes()]),
            Err(refusal) => key.tag(&[&[1], &(refusal.code() as u16).to_be_bytes(), refusal.message().as_bytes()]),
        })
    }

    /// Puts the run's end on record, durably, with everything that still waits; `ending` says what the run comes to by its
    /// result.
    ///
    /// # Errors
    /// When it can't be recorded: then nothing of it may leave the host.
    pub async fn end(
        mut self,
        result: Result<serde_json::Value, Refusal>,
        fuel_used: u64,
        running: Duration,
        ending: impl AsyncFnOnce(&Result<String, Refusal>) -> Result<Ending, Refusal>,
    ) -> Result<Ended, Refusal> {
        self.is_held()?;
        self.current.fuel_used = fuel_used;
        let said = self.said(&result)?;
        let result = match result {
            Ok(mut document) => casemate_gate::pii::document(&mut self.guard(), Channel::Result, &mut document)
                .map(|_| document.to_string()),
            // A number of the host's is nobody's telephone.
            Err(refusal) if refusal.is_in_hosts_words() => Err(refusal),
            // The message may be the guest's own.
            Err(refusal) => match casemate_gate::pii::words(&mut self.guard(), refusal.message()) {
                Ok(words) => Err(refusal.with_message(words)),
                Err(unsearchable) => Err(unsearchable),
            },
        };
        let stamp = self.stamp();
        let answered = result.clone().map_err(|refusal| Refused::from(&refusal));
        let ending = ending(&result).await?;
        let frame = Frame::Ended { stamp, result: answered, said };
        let index = self.recorder.end(frame, self.current.seq.next(), stamp, ending).await?;
        self.recorder.tell(What::Ended { refusal: result.as_ref().err().cloned(), index });
        let calls = self.meter.used(Resource::Calls);
        let peak_memory = self.meter.peak_memory();
        Ok(Ended { result, index, bill: Bill { fuel_used, calls, running, peak_memory } })
    }
}
