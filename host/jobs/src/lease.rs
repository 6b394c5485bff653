//! How long a host may believe that what it holds is its own. A host has one lease for all its runs. Epochs keep the
//! journal safe without any of this; the lease decides when others may go on, and keeps effects that nothing can fence
//! from a host that was given up. It doesn't know how a renewal is sent.

/// The times that database and hosts agree on. In each of them a host's clock may run slow or fast by 1 in 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    ttl_ms: u64,
    margin_ms: u64,
    permit_ms: u64,
    delivery_ms: u64,
}

/// A host's clock is off by less than one part in so many.
pub const DRIFT: u64 = 50;

impl Terms {
    /// A lease of `ttl_ms` that its host stops using `margin_ms` early; intents that permit their effects for
    /// `permit_ms`; effects that arrive, or never will, `delivery_ms` after they were sent. `None` unless the margin
    /// covers the drift of a whole lease and leaves as much as a permit.
    #[must_use]
    pub const fn new(ttl_ms: u64, margin_ms: u64, permit_ms: u64, delivery_ms: u64) -> Option<Self> {
        let used = ttl_ms.saturating_sub(margin_ms);
        if margin_ms < ttl_ms.div_ceil(DRIFT) || used < permit_ms || permit_ms == 0 {
            return None;
        }
        Some(Self { ttl_ms, margin_ms, permit_ms, delivery_ms })
    }

    /// How long an effect may be under way.
    #[must_use]
    pub const fn delivery_ms(&self) -> u64 {
        self.delivery_ms
    }

    /// How long after the end of a claim an effect of it may still arrive.
    #[must_use]
    pub const fn settle_ms(&self) -> u64 {
        let drift = self.permit_ms.div_ceil(DRIFT);
        self.permit_ms.saturating_add(drift).saturating_add(self.delivery_ms)
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

    /// Whether guests may go on.
    #[must_use]
    pub const fn holds(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms
    }

    /// Whether an effect may be sent now, whose intent went to the journal at `sent_ms` and has been confirmed. The
    /// lease alone doesn't say: the run may have been paused and claimed by another host since, while this host's
    /// lease is renewed as ever. Who takes the run over waits until no such effect can arrive.
    #[must_use]
    pub const fn permits(&self, sent_ms: u64, now_ms: u64) -> bool {
        self.holds(now_ms) && now_ms < sent_ms.saturating_add(self.terms.permit_ms)
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
