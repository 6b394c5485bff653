//! Whose turn it is: deficit round-robin over tenants. A turn adds a tenant's weight to what it may take; what a job
//! really cost is charged when it is known and may put the tenant into debt, which later turns pay off. Which of a
//! tenant's jobs comes first is its own queue's affair, and this doesn't know them.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A job is charged this when it is claimed, before anybody knows what it costs.
pub const ESTIMATE: i64 = 1_000;
/// What one turn adds for each unit of weight.
pub const QUANTUM: i64 = ESTIMATE;
/// Most weight of a tenant.
pub const MOST_WEIGHT: u32 = 1_000;
/// A tenant owes no more than this many turns, so that one job that cost too much doesn't shut it out for long.
pub const MOST_DEBT_TURNS: i64 = 64;

/// What a tenant is entitled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Its part of the whole against others' that are backlogged; taken as 1 to [`MOST_WEIGHT`].
    pub weight: u32,
    /// Most jobs that it has claimed at once.
    pub cap: u32,
}

#[derive(Debug)]
struct Tenant {
    share: Share,
    running: u32,
    deficit: i64,
    /// What jobs cost less than the estimate. The next turn adds it: added to this one, jobs that cost nothing would
    /// let a turn go on for ever.
    credit: i64,
    is_ready: bool,
    is_queued: bool,
    /// Its turn has begun, and what the turn adds was added.
    in_turn: bool,
}

impl Tenant {
    fn turn(&self) -> i64 {
        QUANTUM.saturating_mul(i64::from(self.share.weight.clamp(1, MOST_WEIGHT)))
    }

    fn free(&self) -> u32 {
        self.share.cap.saturating_sub(self.running)
    }

    /// What is left of a turn is not saved up; a debt is.
    fn end_turn(&mut self) {
        (self.is_queued, self.in_turn) = (false, false);
        self.deficit = self.deficit.min(0);
    }

    fn may_take(&self) -> bool {
        self.is_ready && self.free() > 0
    }
}

/// The tenants with jobs that are ready, in the order of their turns.
#[derive(Debug)]
pub struct Ring<T> {
    tenants: HashMap<T, Tenant>,
    turns: VecDeque<T>,
    /// Who was offered slots and has not said what it took.
    offered: Option<T>,
}

impl<T: Copy + Eq + Hash> Default for Ring<T> {
    fn default() -> Self {
        Self { tenants: HashMap::new(), turns: VecDeque::new(), offered: None }
    }
}

impl<T: Copy + Eq + Hash> Ring<T> {
    /// A ring without tenants.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The tenant has at least one job that is ready, and this share.
    pub fn ready(&mut self, tenant: T, share: Share) {
        let fresh =
            Tenant { share, running: 0, deficit: 0, credit: 0, is_ready: true, is_queued: false, in_turn: false };
        let entry = self.tenants.entry(tenant).or_insert(fresh);
        entry.share = share;
        entry.is_ready = true;
        self.enqueue(tenant);
    }

    /// The tenant has no job that is ready.
    pub fn gone(&mut self, tenant: T) {
        if let Some(entry) = self.tenants.get_mut(&tenant) {
            entry.is_ready = false;
            // Turns that weren't used can't be saved up.
            (entry.deficit, entry.credit) = (entry.deficit.min(0), 0);
        }
        self.forget(tenant);
    }

    /// Whose turn it is, and how many jobs it may claim now; `None` if nobody may. The answer is followed by
    /// [`claimed`](Self::claimed), and by [`gone`](Self::gone) if there were fewer.
    pub fn next(&mut self, slots_free: u32) -> Option<(T, u32)> {
        if let Some(tenant) = self.offered.take() {
            // It took nothing, so its turn is over.
            self.rotate(tenant);
        }
        if slots_free == 0 {
            return None;
        }
        let mut passed: usize = 0;
        loop {
            let tenant = self.turns.pop_front()?;
            let Some(entry) = self.tenants.get_mut(&tenant) else { continue };
            if !entry.may_take() {
                entry.end_turn();
                self.forget(tenant);
                continue;
            }
            if !entry.in_turn {
                let credit = std::mem::take(&mut entry.credit).min(entry.turn());
                entry.deficit = entry.deficit.saturating_add(entry.turn()).saturating_add(credit);
            }
            entry.in_turn = entry.deficit > 0;
            if !entry.in_turn {
                self.turns.push_back(tenant);
                passed = passed.saturating_add(1);
                if passed >= self.turns.len() {
                    self.pay_off();
                    passed = 0;
                }
                continue;
            }
            let jobs = entry.deficit.saturating_add(ESTIMATE.saturating_sub(1)).checked_div(ESTIMATE).unwrap_or(1);
            let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
            let offer = jobs.min(entry.free()).min(slots_free);
            self.offered = Some(tenant);
            return Some((tenant, offer));
        }
    }

    /// The tenant has claimed this many jobs.
    pub fn claimed(&mut self, tenant: T, jobs: u32) {
        if let Some(entry) = self.tenants.get_mut(&tenant) {
            entry.running = entry.running.saturating_add(jobs);
            entry.deficit = entry.deficit.saturating_sub(ESTIMATE.saturating_mul(i64::from(jobs)));
        }
        if self.offered == Some(tenant) {
            self.offered = None;
            let goes_on = self.tenants.get(&tenant).is_some_and(|entry| entry.deficit > 0 && entry.may_take());
            if goes_on && jobs > 0 {
                self.turns.push_front(tenant);
            } else {
                self.rotate(tenant);
            }
        }
    }

    /// One of the tenant's jobs is no longer claimed, and this is what it really cost.
    pub fn charged(&mut self, tenant: T, cost: u64) {
        if let Some(entry) = self.tenants.get_mut(&tenant) {
            entry.running = entry.running.saturating_sub(1);
            let cost = i64::try_from(cost).unwrap_or(i64::MAX);
            let most_debt = entry.turn().saturating_mul(MOST_DEBT_TURNS).saturating_neg();
            let correction = ESTIMATE.saturating_sub(cost);
            entry.deficit = entry.deficit.saturating_add(correction.min(0)).max(most_debt);
            entry.credit = entry.credit.saturating_add(correction.max(0)).min(entry.turn());
        }
        self.enqueue(tenant);
        self.forget(tenant);
    }

    /// Puts a tenant that was taken from the front at the back.
    fn rotate(&mut self, tenant: T) {
        if let Some(entry) = self.tenants.get_mut(&tenant) {
            entry.end_turn();
        }
        self.enqueue(tenant);
        self.forget(tenant);
    }

    fn enqueue(&mut self, tenant: T) {
        let Some(entry) = self.tenants.get_mut(&tenant) else { return };
        if entry.may_take() && !entry.is_queued {
            entry.is_queued = true;
            self.turns.push_back(tenant);
        }
    }

    /// Everybody owes, which is the one case in which all tenants are looked at: as many turns pass at once as it takes until the first has paid.
    fn pay_off(&mut self) {
        let owed = |entry: &Tenant| entry.deficit.saturating_neg().checked_div(entry.turn()).unwrap_or(0);
        let queued = self.tenants.values().filter(|entry| entry.is_queued && entry.may_take());
        let turns = queued.map(owed).min().unwrap_or(0);
        for entry in self.tenants.values_mut().filter(|entry| entry.is_queued) {
            entry.deficit = entry.deficit.saturating_add(turns.saturating_mul(entry.turn()));
        }
    }

    /// Drops a tenant of which nothing has to be remembered. Debts are, or one job at a time would cost nothing.
    fn forget(&mut self, tenant: T) {
        let is_idle = |entry: &Tenant| !entry.is_ready && !entry.is_queued && entry.running == 0 && entry.deficit >= 0;
        if self.tenants.get(&tenant).is_some_and(is_idle) {
            self.tenants.remove(&tenant);
        }
    }
}
