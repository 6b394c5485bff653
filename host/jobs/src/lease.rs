//! How long a host may believe that what it holds is its own. A host has one lease for all its runs. Epochs keep the
//! journal safe without any of this; the lease decides when others may go on, and keeps effects that nothing can fence
//! from a host that was given up. It doesn't know how a renewal is sent.

/// The times that database and hosts agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    ttl_ms: u64,
    margin_ms: u64,
}

impl Terms {
    /// A lease of `ttl_ms` that its host stops using `margin_ms` early; `None` if nothing would be left of it. The
    /// margin covers by how much a host's clock may run slow during one lease, and how long an effect may be under
    /// way between the host's last look at the lease and the world.
    #[must_use]
    pub const fn new(ttl_ms: u64, margin_ms: u64) -> Option<Self> {
        if margin_ms >= ttl_ms {
            return None;
        }
        Some(Self { ttl_ms, margin_ms })
    }

    /// Database's side: whether a lease that was renewed at one database time is over at another.
    #[must_use]
    pub const fn is_over(&self, renewed_ms: u64, now_ms: u64) -> bool {
        now_ms.saturating_sub(renewed_ms) > self.ttl_ms
    }
}

/// A host's view of its own lease, in times of its own monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    terms: Terms,
    until_ms: u64,
}

impl Lease {
    /// The lease of a host whose first renewal was sent at `sent_ms` and has been confirmed.
    #[must_use]
    pub const fn begin(terms: Terms, sent_ms: u64) -> Self {
        Self { terms, until_ms: end(terms, sent_ms) }
    }

    /// A renewal was confirmed. It counts from when it was *sent*, since the database may have taken it as early as
    /// that. `false` if the lease was over before the answer came: then the host lets go of all that it holds and
    /// begins again under a new id, because others may have taken it and nobody would give back the rest.
    #[must_use]
    pub const fn renewed(&mut self, sent_ms: u64, now_ms: u64) -> bool {
        if !self.holds(now_ms) {
            return false;
        }
        let until_ms = end(self.terms, sent_ms);
        if until_ms > self.until_ms {
            self.until_ms = until_ms;
        }
        true
    }

    /// Whether guests may go on. Asked right before every effect that nothing else can fence.
    #[must_use]
    pub const fn holds(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms
    }

    /// When guests have to be stopped unless a renewal is confirmed before.
    #[must_use]
    pub const fn until_ms(&self) -> u64 {
        self.until_ms
    }
}

const fn end(terms: Terms, sent_ms: u64) -> u64 {
    sent_ms.saturating_add(terms.ttl_ms.saturating_sub(terms.margin_ms))
}
