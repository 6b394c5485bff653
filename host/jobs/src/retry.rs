//! When a failed attempt is followed by another. It doesn't know whether one is worth it.

/// Most attempts that a policy may give.
pub const MOST_ATTEMPTS: u32 = 20;

/// How often and how fast a job is tried again: each pause is twice the one before, up to a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    attempts: u32,
    first_ms: u64,
    cap_ms: u64,
}

impl Policy {
    /// A policy; `None` unless there are 1 to [`MOST_ATTEMPTS`] attempts and the first pause is not above the cap.
    #[must_use]
    pub const fn new(attempts: u32, first_ms: u64, cap_ms: u64) -> Option<Self> {
        if attempts == 0 || attempts > MOST_ATTEMPTS || first_ms > cap_ms {
            return None;
        }
        Some(Self { attempts, first_ms, cap_ms })
    }

    /// How many attempts there may be.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The pause after a failed attempt, which counts from 1. Half of it is certain and the other half is up to
    /// `random`, so that jobs that failed together don't come back together.
    #[must_use]
    pub fn delay_ms(&self, attempt: u32, random: u64) -> u64 {
        let factor = 1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX);
        let pause = self.first_ms.saturating_mul(factor).min(self.cap_ms);
        let certain = pause / 2;
        let choices = pause.saturating_sub(certain).saturating_add(1);
        certain.saturating_add(random.checked_rem(choices).unwrap_or(0)).min(self.cap_ms)
    }
}
