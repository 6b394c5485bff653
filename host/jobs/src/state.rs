//! Where a job stands. The names are what the database and the API say. It doesn't know what leads from one to another.

/// The state of one attempt at a job; the job's own is that of its last attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// May be claimed, from its `not_before_ms` on.
    Ready,
    /// Held by a host under the epoch of its last claim.
    Running,
    /// Parked until a time or an event.
    Waiting,
    /// Held back by a person until a person lets it go on.
    Paused,
    /// A call may or may not have had its effect, and only a person can say.
    Indeterminate,
    /// Ended with a result.
    Done,
    /// Ended without one; a further attempt may have followed.
    Failed,
    /// Ended because somebody said so.
    Cancelled,
    /// Ended and given up: a dead letter, with a reason.
    Dead,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Ready,
        Self::Running,
        Self::Waiting,
        Self::Paused,
        Self::Indeterminate,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Dead,
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Indeterminate => "indeterminate",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }

    /// The state of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_end(self) -> bool {
        match self {
            Self::Ready | Self::Running | Self::Waiting | Self::Paused | Self::Indeterminate => false,
            Self::Done | Self::Failed | Self::Cancelled | Self::Dead => true,
        }
    }
}
