//! What was asked and what was answered, as the guest saw it, for whoever wants to keep it: a run that is recorded for
//! tests, or one that is tested. Personal data in it is tokens. It doesn't know where it goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casemate_gate::{Refusal, Reply, Request, Seq, pii};

use super::passage::{Passage, Way};

/// One call and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What the guest asked for, with tokens where personal data was.
    pub request: Request,
    /// What it got.
    pub answer: Result<Reply, Refusal>,
}

/// A run's input and its calls, in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub struct Transcription {
    // Held for one entry or copy at a time.
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    input: String,
    exchanges: BTreeMap<Seq, Exchange>,
    unreadable: Option<Refusal>,
}

impl Transcription {
    /// The input document as the guest saw it.
    #[must_use]
    pub fn input(&self) -> String {
        self.lock().input.clone()
    }

    /// All calls.
    ///
    /// # Errors
    /// The refusal for a call whose arguments can't be searched for personal data, so that nobody may keep them.
    pub fn exchanges(&self) -> Result<Vec<Exchange>, Refusal> {
        let kept = self.lock();
        match &kept.unreadable {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(kept.exchanges.values().cloned().collect()),
        }
    }

    pub(crate) fn begin(&self, input: &str) {
        input.clone_into(&mut self.lock().input);
    }

    /// Keeps an exchange. A run that begins again makes its calls again: each has its place.
    pub(super) fn keep(&self, seq: Seq, exchange: Result<Exchange, Refusal>) {
        let mut kept = self.lock();
        match exchange {
            Ok(exchange) => drop(kept.exchanges.insert(seq, exchange)),
            Err(refusal) => kept.unreadable = Some(refusal),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passage {
    /// A copy of the request, if its exchange is written down.
    pub(super) fn transcribed(&self, request: &Request) -> Option<Box<Request>> {
        self.transcription.is_some().then(|| Box::new(request.clone()))
    }

    /// Writes the exchange down. A run that waits has no answer yet; it gets it when it begins again.
    pub(super) fn transcribe(&mut self, asked: Option<Box<Request>>, way: &Way) {
        let (Some(asked), Some(transcription)) = (asked, self.transcription.clone()) else { return };
        let answer = match way {
            Way::Answer(answer) => answer.clone(),
            Way::Stop(refusal) => Err(refusal.clone()),
            Way::Park { .. } => return,
        };
        let shown = pii::shown(*asked, &mut self.guard());
        transcription.keep(self.current.seq, shown.map(|request| Exchange { request, answer }));
    }
}
