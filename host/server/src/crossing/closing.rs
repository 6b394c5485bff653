//! The last thing that a run's passage does: its end is put on record, and with it what the run comes to. It doesn't know
//! what that is: dispatch says.

use std::time::Duration;

use casemate_gate::Refusal;
use casemate_gate::budget::Resource;
use casemate_gate::job::Ending;
use casemate_pii::Channel;

use super::event::What;
use super::frame::{Frame, Refused};
use super::passage::{Bill, Ended, Passage};

impl Passage {
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
        let frame = Frame::End { stamp, result: answered };
        let index = self.recorder.end(frame, self.current.seq.next(), stamp, ending).await?;
        self.recorder.tell(What::Ended { refusal: result.as_ref().err().cloned(), index });
        let calls = self.meter.used(Resource::Calls);
        let peak_memory = self.meter.peak_memory();
        Ok(Ended { result, index, bill: Bill { fuel_used, calls, running, peak_memory } })
    }
}
