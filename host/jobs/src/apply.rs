//! What may happen to a job: one function for each command, and in each one `match` over the states. Whoever writes a
//! job's row writes what these return, in one transaction, or nothing. They don't know who asks.

use crate::{
    Call, Cause, Command, Duty, End, Entry, Job, MOST_LOSSES, Reason, Refused, Resolution, State, Unsettled, Wake,
};

/// What a command makes of a job. All of it is one transaction, together with the queue's row ([`Job::due_ms`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The job's row from now on.
    pub job: Job,
    /// One more attempt, with a row of its own; (job, attempt) is unique.
    pub next: Option<Job>,
    /// The claim that ended: its budget is settled by what the journal has under it, since nothing is appended to it
    /// any more.
    pub settle: Option<u64>,
}

impl Job {
    /// What becomes of the job, or why it doesn't take the command.
    ///
    /// # Errors
    /// See [`Refused`]; then nothing is written.
    pub fn apply(&self, command: Command, now_ms: u64) -> Result<Transition, Refused> {
        match command {
            Command::Claim => self.claim(now_ms),
            Command::Append { epoch, entry } => self.append(epoch, entry, now_ms),
            Command::Park { epoch, wake, happened } => self.park(epoch, wake, happened, now_ms),
            Command::Wake(cause) => self.woken(cause, now_ms),
            Command::Release { epoch, delay_ms } => self.release(epoch, delay_ms, now_ms),
            Command::Lose { epoch } => self.lose(epoch, now_ms),
            Command::Finish { epoch, end } => self.finish(epoch, end, now_ms),
            Command::Fail { epoch, retryable, delay_ms } => self.fail(epoch, retryable, delay_ms, now_ms),
            Command::Indeterminate { epoch, call } => self.indeterminate(epoch, call, now_ms),
            Command::Resolve { call, resolution } => self.resolve(call, resolution, now_ms),
            Command::Cancel => self.cancel(now_ms),
            Command::Pause => self.pause(now_ms),
            Command::Unpause => self.unpause(now_ms),
            Command::Expire => self.expire(now_ms),
            Command::Retry { deadline_ms } => self.retry(deadline_ms, now_ms),
        }
    }

    /// That the job is held under this epoch. A budget is topped up under the same condition.
    ///
    /// # Errors
    /// [`Refused::Fenced`], [`Refused::Ended`].
    pub const fn held(&self, epoch: u64) -> Result<(), Refused> {
        match self.state {
            State::Running if self.epoch == epoch => Ok(()),
            State::Running | State::Ready | State::Waiting | State::Paused | State::Indeterminate => {
                Err(Refused::Fenced)
            }
            State::Done | State::Failed | State::Cancelled | State::Dead => Err(Refused::Ended),
        }
    }

    fn claim(&self, now_ms: u64) -> Result<Transition, Refused> {
        match self.state {
            // Cancelling and expiring set `not_before_ms` back, so that an end is recorded without delay.
            State::Ready if now_ms < self.not_before_ms => Err(Refused::NotDue),
            State::Ready => {
                let (epoch, ending) = (self.next_epoch()?, self.decided(now_ms));
                Ok(self.keep(Self { state: State::Running, epoch, ending, ..*self }, now_ms))
            }
            State::Running | State::Waiting | State::Paused => Err(Refused::NotReady),
            State::Indeterminate => Err(Refused::Indeterminate),
            State::Done | State::Failed | State::Cancelled | State::Dead => Err(Refused::Ended),
        }
    }

    fn append(&self, epoch: u64, entry: Entry, now_ms: u64) -> Result<Transition, Refused> {
        self.held(epoch)?;
        match entry {
            Entry::Intent => self.work(now_ms)?,
            // What has happened is recorded whatever was decided since.
            Entry::Outcome | Entry::End => {}
        }
        Ok(self.keep(*self, now_ms))
    }

    fn park(&self, epoch: u64, wake: Wake, happened: bool, now_ms: u64) -> Result<Transition, Refused> {
        self.held(epoch)?;
        self.work(now_ms)?;
        if happened {
            return Ok(self.keep(self.ready(now_ms).progressed(), now_ms));
        }
        Ok(self.keep(Self { state: State::Waiting, wake: Some(wake), ..*self }.progressed(), now_ms))
    }

    fn woken(&self, cause: Cause, now_ms: u64) -> Result<Transition, Refused> {
        match self.state {
            State::Waiting => {
                self.waits_for(cause, now_ms)?;
                Ok(self.keep(self.ready(now_ms), now_ms))
            }
            State::Paused => {
                self.waits_for(cause, now_ms)?;
                // It has nothing to wait for when it goes on.
                Ok(self.keep(Self { wake: None, ..*self }, now_ms))
            }
            State::Ready | State::Running | State::Indeterminate => Err(Refused::NotWaiting),
            State::Done | State::Failed | State::Cancelled | State::Dead => Err(Refused::Ended),
        }
    }

    fn waits_for(&self, cause: Cause, now_ms: u64) -> Result<(), Refused> {
        let wake = self.wake.ok_or(Refused::NotWaiting)?;
        match cause {
            Cause::Time if wake.at_ms.is_some_and(|at| now_ms >= at) => Ok(()),
            Cause::Time => Err(Refused::NotDue),
            Cause::Event(event) if wake.event == Some(event) => Ok(()),
            Cause::Event(_) => Err(Refused::NotWaiting),
        }
    }

    fn release(&self, epoch: u64, delay_ms: u64, now_ms: u64) -> Result<Transition, Refused> {
        self.held(epoch)?;
        Ok(self.keep(Self { not_before_ms: now_ms.saturating_add(delay_ms), ..self.ready(now_ms) }, now_ms))
    }

    fn lose(&self, epoch: u64, now_ms: u64) -> Result<Transition, Refused> {
        self.held(epoch)?;
        let lost = self.lost.saturating_add(1);
        let given_up = (lost >= MOST_LOSSES).then_some(End::Dead(Reason::Lost));
        Ok(self.keep(Self { lost, ending: self.ending.or(given_up), ..self.ready(now_ms) }, now_ms))
    }

    fn finish(&self, epoch: u64, end: End, now_ms: u64) -> Result<Transition, Refused> {
        self.held(epoch)?;
        match (end, self.duty(now_ms)) {
            (End::Done, _) => self.work(now_ms)?,
            (end, Duty::End(due)) if end == due => {}
            (End::Cancelled | End::Dead(_), _) => return Err(Refused::WrongEnd),
        }
        Ok(self.keep(self.ended(end.state(), Some(end)), now_ms))
    }

    fn fail(&self, epoch: u64, retryable: bool, delay_ms: u64, now_ms: u64) -> Result<Transition, Refused> {
        self.held(epoch)?;
        self.work(now_ms)?;
        let not_before_ms = now_ms.saturating_add(delay_ms);
        if !retryable {
            return Ok(self.keep(self.ended(State::Failed, None), now_ms));
        }
        if self.attempt >= self.attempts {
            return Ok(self.keep(self.ended(State::Dead, Some(End::Dead(Reason::Attempts))), now_ms));
        }
        if self.is_late(not_before_ms) {
            return Ok(self.keep(self.ended(State::Dead, Some(End::Dead(Reason::Deadline))), now_ms));
        }
        let attempt = self.attempt.checked_add(1).ok_or(Refused::Exhausted)?;
        let next = Self { attempt, ..Self::new(self.attempts, not_before_ms, self.deadline_ms) };
        Ok(Transition { next: Some(next), ..self.keep(self.ended(State::Failed, None), now_ms) })
    }

    fn indeterminate(&self, epoch: u64, call: Call, now_ms: u64) -> Result<Transition, Refused> {
        self.held(epoch)?;
        let unsettled = Some(Unsettled { call, resolution: None });
        Ok(self.keep(Self { state: State::Indeterminate, unsettled, ..*self }, now_ms))
    }

    fn resolve(&self, call: Call, resolution: Resolution, now_ms: u64) -> Result<Transition, Refused> {
        match (self.state, self.unsettled) {
            (State::Indeterminate, Some(unsettled)) if unsettled.call == call => {
                let unsettled = Some(Unsettled { resolution: Some(resolution), ..unsettled });
                let given_up = (resolution == Resolution::GiveUp).then_some(End::Dead(Reason::GivenUp));
                Ok(self.keep(Self { unsettled, ending: self.ending.or(given_up), ..self.ready(now_ms) }, now_ms))
            }
            (State::Ready | State::Running | State::Waiting | State::Paused | State::Indeterminate, _) => {
                Err(Refused::NotIndeterminate)
            }
            (State::Done | State::Failed | State::Cancelled | State::Dead, _) => Err(Refused::Ended),
        }
    }

    fn cancel(&self, now_ms: u64) -> Result<Transition, Refused> {
        let ending = self.ending.or(Some(End::Cancelled));
        match self.state {
            // The end is decided. Who records it would have to begin again if it were fenced, and who waits until it
            // is quiet would never see it so.
            State::Ready | State::Running if self.ending.is_some() => Ok(self.keep(*self, now_ms)),
            State::Running => Ok(self.keep(Self { ending, ..self.fenced(now_ms)? }, now_ms)),
            State::Ready | State::Waiting | State::Paused => {
                Ok(self.keep(Self { ending, ..self.ready(now_ms) }, now_ms))
            }
            // Still a person has to say what became of the call; then it ends as cancelled.
            State::Indeterminate => Ok(self.keep(Self { ending, ..*self }, now_ms)),
            State::Done | State::Failed | State::Cancelled | State::Dead => Err(Refused::Ended),
        }
    }

    fn pause(&self, now_ms: u64) -> Result<Transition, Refused> {
        match self.state {
            State::Ready | State::Running | State::Waiting => {
                self.work(now_ms)?;
                let job = if self.state == State::Running { self.fenced(now_ms)? } else { *self };
                Ok(self.keep(Self { state: State::Paused, ..job }, now_ms))
            }
            State::Paused => Ok(self.keep(*self, now_ms)),
            State::Indeterminate => Err(Refused::Indeterminate),
            State::Done | State::Failed | State::Cancelled | State::Dead => Err(Refused::Ended),
        }
    }

    fn unpause(&self, now_ms: u64) -> Result<Transition, Refused> {
        match self.state {
            State::Paused if self.wake.is_some() => Ok(self.keep(Self { state: State::Waiting, ..*self }, now_ms)),
            State::Paused => {
                let not_before_ms = self.not_before_ms.max(now_ms);
                Ok(self.keep(Self { state: State::Ready, not_before_ms, ..*self }, now_ms))
            }
            State::Ready | State::Running | State::Waiting | State::Indeterminate => Err(Refused::NotPaused),
            State::Done | State::Failed | State::Cancelled | State::Dead => Err(Refused::Ended),
        }
    }

    fn expire(&self, now_ms: u64) -> Result<Transition, Refused> {
        let ending = self.decided(now_ms);
        match self.state {
            State::Done | State::Failed | State::Cancelled | State::Dead => Err(Refused::Ended),
            State::Indeterminate => Err(Refused::Indeterminate),
            _ if ending.is_none() => Err(Refused::NotDue),
            State::Ready | State::Running if self.ending.is_some() => Ok(self.keep(*self, now_ms)),
            State::Running => Ok(self.keep(Self { ending, ..self.fenced(now_ms)? }, now_ms)),
            State::Ready | State::Waiting | State::Paused => {
                Ok(self.keep(Self { ending, ..self.ready(now_ms) }, now_ms))
            }
        }
    }

    fn retry(&self, deadline_ms: Option<u64>, now_ms: u64) -> Result<Transition, Refused> {
        match self.state {
            State::Failed | State::Cancelled | State::Dead => {
                let attempt = self.attempt.checked_add(1).ok_or(Refused::Exhausted)?;
                let next = Self { attempt, ..Self::new(self.attempts.max(attempt), now_ms, deadline_ms) };
                Ok(Transition { next: Some(next), ..self.keep(*self, now_ms) })
            }
            State::Ready | State::Running | State::Waiting | State::Paused | State::Indeterminate | State::Done => {
                Err(Refused::NotFailed)
            }
        }
    }

    /// The transition to `job`: a claim ends with the state or the epoch that it began.
    fn keep(&self, job: Self, now_ms: u64) -> Transition {
        let ends = self.state == State::Running && (job.state != State::Running || job.epoch != self.epoch);
        let left_ms = if ends { now_ms } else { job.left_ms };
        Transition { job: Self { left_ms, ..job }, next: None, settle: ends.then_some(self.epoch) }
    }

    fn decided(&self, now_ms: u64) -> Option<End> {
        match self.duty(now_ms) {
            Duty::Work => None,
            Duty::End(end) => Some(end),
        }
    }

    fn ready(&self, now_ms: u64) -> Self {
        Self { state: State::Ready, not_before_ms: now_ms, wake: None, ..*self }
    }

    /// Taken from its holder: nothing more is appended under the epoch that it had.
    fn fenced(&self, now_ms: u64) -> Result<Self, Refused> {
        Ok(Self { epoch: self.next_epoch()?, ..self.ready(now_ms) })
    }

    const fn progressed(self) -> Self {
        Self { lost: 0, ..self }
    }

    const fn ended(&self, state: State, ending: Option<End>) -> Self {
        Self { state, ending, wake: None, ..*self }
    }

    fn next_epoch(&self) -> Result<u64, Refused> {
        self.epoch.checked_add(1).ok_or(Refused::Exhausted)
    }
}
