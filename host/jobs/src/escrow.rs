//! What may be spent by many hosts at once without asking each time: a host reserves a grant, spends from it, and what
//! is left comes back when its claim ends. What is spent and what is reserved together never pass the limit. It doesn't
//! know what is bought.

use thiserror::Error;

/// One thing that a tenant may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The most; `None` is no limit.
    pub limit: Option<u64>,
    /// What is gone.
    pub spent: u64,
    /// What is out with holders.
    pub reserved: u64,
}

/// Why a settlement is refused; each is a fault of the caller's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SettleError {
    /// More was spent than was granted.
    #[error("find the calls that were made without a grant, {spent} of {granted} were spent")]
    Overspent {
        /// What was granted.
        granted: u64,
        /// What was spent.
        spent: u64,
    },
    /// The grant is not out.
    #[error("settle a grant once, {granted} are not reserved")]
    NotReserved {
        /// What was granted.
        granted: u64,
    },
    /// The sum does not fit.
    #[error("begin a new period, the account's counter is used up")]
    Exhausted,
}

impl Account {
    /// What may still be reserved.
    #[must_use]
    pub fn room(&self) -> u64 {
        let out = self.spent.saturating_add(self.reserved);
        self.limit.unwrap_or(u64::MAX).saturating_sub(out)
    }

    /// Reserves `want`, or what there is if that is at least `least`; near the limit grants shrink. A `least` of 0 is
    /// taken as 1, since a grant of nothing is none.
    #[must_use]
    pub fn reserve(&mut self, want: u64, least: u64) -> Option<u64> {
        let granted = want.min(self.room());
        if granted < least.max(1) {
            return None;
        }
        self.reserved = self.reserved.checked_add(granted)?;
        Some(granted)
    }

    /// Adds to a grant that is out, under the same rules; what the grant is then.
    #[must_use]
    pub fn top_up(&mut self, granted: u64, want: u64, least: u64) -> Option<u64> {
        let more = self.reserve(want, least)?;
        granted.checked_add(more)
    }

    /// Ends a grant: what was spent is gone, the rest comes back.
    ///
    /// # Errors
    /// [`SettleError`]; the account is then as it was.
    pub fn settle(&mut self, granted: u64, spent: u64) -> Result<(), SettleError> {
        if spent > granted {
            return Err(SettleError::Overspent { granted, spent });
        }
        let reserved = self.reserved.checked_sub(granted).ok_or(SettleError::NotReserved { granted })?;
        self.spent = self.spent.checked_add(spent).ok_or(SettleError::Exhausted)?;
        self.reserved = reserved;
        Ok(())
    }

    /// Ends the grant of a claim that was fenced, by the costs that the journal has under its epoch. The journal is the
    /// meter: a call is charged with its intent, and the epoch lets no more intents in. Computing since the last
    /// entry is in no journal: `unmetered` is the most it can have been, and is charged.
    ///
    /// # Errors
    /// [`SettleError`]; the account is then as it was.
    pub fn settle_after_crash(&mut self, granted: u64, journaled: u64, unmetered: u64) -> Result<u64, SettleError> {
        if journaled > granted {
            return Err(SettleError::Overspent { granted, spent: journaled });
        }
        let spent = journaled.saturating_add(unmetered).min(granted);
        self.settle(granted, spent)?;
        Ok(spent)
    }
}

/// How much a host should ask for: what its run is expected to use, but no more than an equal share of what is left
/// among the hosts that ask, so that the last of a limit isn't held by one of them. At least 1.
#[must_use]
pub fn grant_size(expected: u64, remaining: u64, active_hosts: u32) -> u64 {
    let share = remaining.checked_div(u64::from(active_hosts.max(1))).unwrap_or(remaining);
    expected.min(share).max(1)
}
