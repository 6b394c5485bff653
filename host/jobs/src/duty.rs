//! What a host has to do with a job that it holds: work, or record an end that was decided elsewhere. A cancelled or
//! expired job is claimed like any other, since only a host writes to journal and ledger.

use crate::{Job, Refused, State};

/// What the holder has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Go on with the run.
    Work,
    /// Settle the calls that are known, begin none, and record this end.
    End(End),
}

/// How a job ends, apart from a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// With a result.
    Done,
    /// Because somebody said so.
    Cancelled,
    /// Given up.
    Dead(Reason),
}

/// Why a job was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Every attempt failed.
    Attempts,
    /// The deadline passed.
    Deadline,
    /// Its hosts died under it.
    Lost,
    /// A person gave it up.
    GivenUp,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Attempts, Self::Deadline, Self::Lost, Self::GivenUp];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Deadline => "deadline",
            Self::Lost => "lost",
            Self::GivenUp => "given-up",
        }
    }

    /// The reason of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl End {
    /// The state that it leads to.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Done => State::Done,
            Self::Cancelled => State::Cancelled,
            Self::Dead(_) => State::Dead,
        }
    }
}

impl Job {
    /// What its holder has to do.
    #[must_use]
    pub fn duty(&self, now_ms: u64) -> Duty {
        match self.ending {
            Some(end) => Duty::End(end),
            None if self.is_late(now_ms) => Duty::End(End::Dead(Reason::Deadline)),
            None => Duty::Work,
        }
    }

    /// That it may go on, or what has to be recorded instead.
    pub(crate) fn work(&self, now_ms: u64) -> Result<(), Refused> {
        match self.duty(now_ms) {
            Duty::Work => Ok(()),
            Duty::End(End::Cancelled) => Err(Refused::Cancelling),
            Duty::End(End::Dead(Reason::Deadline)) => Err(Refused::Expired),
            Duty::End(End::Dead(_) | End::Done) => Err(Refused::GivenUp),
        }
    }
}
