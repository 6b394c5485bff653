//! What an entry records. The numbers are in every leaf ever written, so the list only grows at its end.
//! It does not know what the payloads of the kinds hold.

/// The kind of an entry. Append-only: a number is never reused and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// 1: a run was opened.
    Open = 1,
    /// 2: the host is about to do something for a guest (write-ahead: durable before the effect).
    Intent = 2,
    /// 3: what became of an intent.
    Outcome = 3,
    /// 4: something was refused; `decision` says why.
    Refusal = 4,
    /// 5: a run ended.
    End = 5,
    /// 6: a call that only the ledger has was given up: it had no effect, and is made again.
    Void = 6,
    /// 7: a component, policy or tool was registered, changed or withdrawn.
    Registry = 7,
    /// 8: a checkpoint was taken (by a witness, a mirror or this host).
    Checkpointed = 8,
    /// 9: a person decided something (approval, break-glass).
    Approval = 9,
    /// 10: reversible data was revealed to somebody.
    Reveal = 10,
    /// 11: a key that sealed payloads was destroyed.
    Erasure = 11,
    /// 12: a writer log was opened or closed (directory log).
    Directory = 12,
}

impl Kind {
    /// All kinds in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Open,
        Self::Intent,
        Self::Outcome,
        Self::Refusal,
        Self::End,
        Self::Void,
        Self::Registry,
        Self::Checkpointed,
        Self::Approval,
        Self::Reveal,
        Self::Erasure,
        Self::Directory,
    ];

    /// The number that stands in leaves.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The kind of a number, if this version knows it.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}
