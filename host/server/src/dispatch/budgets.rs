//! The budgets of all agents and tenants of this host: what they use in this process, and the record by which what was
//! used in an hour, day or month survives it. A stretch of a run is held on record before the guest's first instruction
//! and settled at its end; one whose host died stays charged in full until the run is resumed. It doesn't know who runs
//! what, nor which policy says what.

mod book;
mod change;
mod entry;
mod escrow;
mod record;
mod refused;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use casemate_abi::Code;
use casemate_gate::budget::{Amounts, Caps, Meter, Owner, Period, Share, Span, Stretch, Terms, Windows};
use casemate_gate::call::Origin;
use casemate_gate::{Refusal, RunId, TenantId};
use casemate_store::Db;

pub use book::{Book, Kept, Whose};
pub use change::SetLimits;
pub use entry::{Change, Hold};
pub(super) use escrow::{Begun, Claim};
pub use record::BudgetError;

use super::DispatchError;
use entry::Entry;
use record::Record;

/// From so many on, runs that are not under way any more are forgotten.
const UNDER_WAY: usize = 1024;

/// The budgets of this host.
#[derive(Debug, Default)]
pub struct Budgets {
    // Each held for one look-up, or one line that is appended; never while a sync is waited for.
    book: Mutex<Book>,
    owners: Mutex<HashMap<Whose, Arc<Owner>>>,
    under_way: Mutex<HashMap<RunId, Weak<Meter>>>,
    /// None for a host that keeps nothing: what was used ends with it.
    record: Option<Arc<Record>>,
    /// Where windows are that other hosts spend from too; none where this one has all of them.
    shared: Option<Db>,
}

impl Budgets {
    /// Opens the record of a data directory, whose lock the caller holds.
    ///
    /// # Errors
    /// [`BudgetError`]: what the operator has to do.
    pub fn open(path: &Path) -> Result<Self, BudgetError> {
        let (record, book) = Record::open(path)?;
        Ok(Self { book: Mutex::new(book), record: Some(Arc::new(record)), ..Self::default() })
    }

    /// What a record says, for whoever doesn't hold the lock; another process may be writing to it.
    ///
    /// # Errors
    /// [`BudgetError`].
    pub fn look(path: &Path) -> Result<Book, BudgetError> {
        record::look(path)
    }

    /// What the record says now.
    #[must_use]
    pub fn book(&self) -> Book {
        lock(&self.book).clone()
    }

    /// Opens the meter of a run that begins at this moment.
    ///
    /// # Errors
    /// The refusal of the limit for which the run is too much.
    pub(super) async fn begin(
        self: &Arc<Self>,
        (origin, claim): (&Origin, &Claim),
        terms: &Terms,
        now_ms: u64,
    ) -> Result<Begun, DispatchError> {
        match &self.shared {
            Some(db) => self.lend(db, (origin, claim), terms, now_ms, Amounts::default()).await,
            None => Ok(Begun { meter: self.begin_alone(origin, terms, now_ms)?, lender: None, since_ms: None }),
        }
    }

    /// The same where this host has all of the budget.
    ///
    /// # Errors
    /// The refusal of the limit for which the run is too much.
    fn begin_alone(&self, origin: &Origin, terms: &Terms, now_ms: u64) -> Result<Arc<Meter>, Refusal> {
        let (agent, tenant) = self.shares(origin, terms, now_ms, now_ms);
        let meter = Meter::open(*terms, agent, tenant)?;
        Ok(self.note(origin.run, meter))
    }

    /// Opens the meter of a run that goes on: from what its host held when it died, or anew.
    ///
    /// # Errors
    /// As for [`Budgets::begin`]; [`Code::RunFenced`] for a run that is under way in this process.
    pub(super) async fn go_on(
        self: &Arc<Self>,
        (origin, claim): (&Origin, &Claim),
        terms: &Terms,
        now_ms: u64,
        replayed: Amounts,
    ) -> Result<Begun, DispatchError> {
        if let Some(db) = &self.shared {
            self.is_not_under_way(origin.run)?;
            return self.lend_again(db, (origin, claim), terms, now_ms, replayed).await;
        }
        let since_ms = lock(&self.book).hold(origin.run).map(|hold| hold.at_ms);
        let meter = self.go_on_alone(origin, terms, now_ms, replayed)?;
        if since_ms.is_none() {
            self.hold(origin, &meter, now_ms).await?;
        }
        Ok(Begun { meter, lender: None, since_ms })
    }

    fn is_not_under_way(&self, run: RunId) -> Result<(), Refusal> {
        match lock(&self.under_way).get(&run).is_some_and(|meter| meter.upgrade().is_some()) {
            true => Err(Refusal::new(Code::RunFenced, "the run is under way in this host")),
            false => Ok(()),
        }
    }

    /// The same where this host has all of the budget.
    ///
    /// # Errors
    /// As for [`Budgets::begin`].
    fn go_on_alone(
        &self,
        origin: &Origin,
        terms: &Terms,
        now_ms: u64,
        replayed: Amounts,
    ) -> Result<Arc<Meter>, Refusal> {
        self.is_not_under_way(origin.run)?;
        let held = lock(&self.book).hold(origin.run).cloned();
        let meter = match held {
            Some(Hold { at_ms, before, held, .. }) => {
                let (agent, tenant) = self.shares(origin, terms, now_ms, at_ms);
                Meter::adopt(*terms, agent, tenant, Stretch { before, held, replayed })?
            }
            None => {
                let (agent, tenant) = self.shares(origin, terms, now_ms, now_ms);
                Meter::wake(*terms, agent, tenant, replayed)?
            }
        };
        Ok(self.note(origin.run, meter))
    }

    /// Puts what a stretch may use on record, durably; what was lent to it is already.
    ///
    /// # Errors
    /// [`BudgetError`]: then the run must not begin.
    pub(super) async fn hold(&self, origin: &Origin, meter: &Meter, at_ms: u64) -> Result<(), BudgetError> {
        if self.shared.is_some() {
            return Ok(());
        }
        let Stretch { before, held, .. } = *meter.stretch();
        let (tenant, agent) = (origin.tenant, origin.agent.clone());
        let position = self.append(Entry::Hold(Hold { run: origin.run, tenant, agent, at_ms, before, held }))?;
        meter.recorded();
        self.durable(position).await
    }

    /// Puts on record what a stretch used. A failure is the operator's to read: what was held stays charged.
    pub(super) async fn settle(&self, run: RunId, spent: Amounts, claim: &Claim) {
        match &self.shared {
            Some(db) => {
                lock(&self.under_way).remove(&run);
                Self::give_back(db, claim, run, spent).await;
            }
            None => self.settle_alone(run, spent).await,
        }
    }

    /// The same where this host has all of the budget.
    async fn settle_alone(&self, run: RunId, spent: Amounts) {
        lock(&self.under_way).remove(&run);
        let settled = match self.append(Entry::Settle { run, spent }) {
            Ok(position) => self.durable(position).await,
            Err(error) => Err(error),
        };
        if let Err(error) = settled {
            tracing::error!(%run, %error, code = error.code(), "what the run used could not be recorded: it stays charged in full");
        }
    }

    /// What is to go on record with a run's end, in the same transaction; none where it is settled by itself.
    pub(super) fn settled_with_end(&self, run: RunId, spent: Amounts) -> Option<Amounts> {
        self.shared.is_some().then(|| {
            lock(&self.under_way).remove(&run);
            spent
        })
    }

    /// What a run used in the stretch that its host left behind; it had ended before, or ends without its guest. None where none
    /// is held.
    pub(super) async fn left_behind(
        &self,
        run: RunId,
        used: Amounts,
        ended_ms: u64,
        claim: &Claim,
    ) -> Result<Option<Amounts>, DispatchError> {
        let left = match &self.shared {
            Some(db) => {
                let left = db.adopt_stretch(&claim.scope, run, claim.epoch.get()).await?;
                left.map(|left| (left.at_ms, left.before, left.held))
            }
            None => lock(&self.book).hold(run).map(|hold| (hold.at_ms, hold.before, hold.held)),
        };
        Ok(left.map(|(at_ms, before, held)| {
            let spent = Amounts { wall_clock: ended_ms.saturating_sub(at_ms), ..used.minus(&before) };
            spent.at_most(&held)
        }))
    }

    /// The limits of one span that the operator has set for a tenant or one of its agents.
    #[must_use]
    pub fn bounds(&self, whose: &Whose, span: Span) -> Caps {
        lock(&self.book).kept(whose).map(|kept| *kept.bounds.get(span)).unwrap_or_default()
    }

    /// Sets the operator's limits of one span, durably; runs under way in this process meet them at their next call.
    ///
    /// # Errors
    /// [`BudgetError`]: then nothing is set.
    pub async fn change(&self, change: Change) -> Result<(), BudgetError> {
        let whose = (change.tenant, change.agent.clone());
        let position = self.append(Entry::Change(change.clone()))?;
        self.durable(position).await?;
        if let Some(owner) = lock(&self.owners).get(&whose) {
            owner.bind(&change.name, change.span, &change.caps);
        }
        Ok(())
    }

    /// Forgets a tenant and its agents: what they used, what they hold, what the operator set. Durable on return.
    ///
    /// # Errors
    /// [`BudgetError`].
    pub fn forget(&self, tenant: TenantId) -> Result<(), BudgetError> {
        let mut book = lock(&self.book);
        let mut without = book.clone();
        without.forget(tenant);
        if let Some(record) = &self.record {
            record.write_anew(&without)?;
        }
        *book = without;
        lock(&self.owners).retain(|(of, _), _| *of != tenant);
        Ok(())
    }

    /// The shares of a run in its agent's and its tenant's budget, in the windows of a moment that may be past.
    fn shares(&self, origin: &Origin, terms: &Terms, now_ms: u64, at_ms: u64) -> (Share, Share) {
        let of_agent = (origin.tenant, Some(origin.agent.clone()));
        let of_tenant = (origin.tenant, None);
        let agent = self.owner(&of_agent, now_ms);
        let tenant = self.owner(&of_tenant, now_ms);
        let windows = |owner: &Owner, whose: &Whose| {
            let used = |span, period| self.used(whose, span, period);
            if at_ms < now_ms { owner.windows_of(at_ms, used) } else { owner.windows(now_ms, used) }
        };
        let (for_agent, for_tenant) = (windows(&agent, &of_agent), windows(&tenant, &of_tenant));
        (Share::of(agent, for_agent, terms.agent), Share::of(tenant, for_tenant, terms.tenant))
    }

    fn owner(&self, whose: &Whose, now_ms: u64) -> Arc<Owner> {
        let mut owners = lock(&self.owners);
        if let Some(owner) = owners.get(whose) {
            return Arc::clone(owner);
        }
        let windows = Windows::at(now_ms, |span, period| self.used(whose, span, period));
        let owner = Arc::new(Owner::new(whose.1.clone(), windows));
        if let Some(kept) = lock(&self.book).kept(whose)
            && let Some(Change { name, .. }) = kept.changes.back()
        {
            for span in Span::ALL {
                owner.bind(name, span, kept.bounds.get(span));
            }
        }
        owners.insert(whose.clone(), Arc::clone(&owner));
        owner
    }

    fn used(&self, whose: &Whose, span: Span, period: Period) -> Amounts {
        let book = lock(&self.book);
        book.spent(whose, span, period).plus(&book.held(whose, period))
    }

    fn note(&self, run: RunId, meter: Meter) -> Arc<Meter> {
        let meter = Arc::new(meter);
        let mut under_way = lock(&self.under_way);
        // Runs that could not be settled leave an entry behind.
        if under_way.len() >= UNDER_WAY {
            under_way.retain(|_, meter| meter.strong_count() > 0);
        }
        under_way.insert(run, Arc::downgrade(&meter));
        meter
    }

    /// Appends a line and takes note of it; returns its place among those that wait for a sync.
    fn append(&self, entry: Entry) -> Result<u64, BudgetError> {
        let mut book = lock(&self.book);
        if matches!(entry, Entry::Hold(_)) && !book.has_room() {
            return Err(BudgetError::TooMany);
        }
        let position = match &self.record {
            Some(record) => record.append(&entry)?,
            None => 0,
        };
        book.apply(entry);
        if let Some(record) = &self.record {
            record.compact(&book)?;
        }
        Ok(position)
    }

    /// Waits for a sync, off the runtime's threads.
    async fn durable(&self, position: u64) -> Result<(), BudgetError> {
        let Some(record) = self.record.clone() else { return Ok(()) };
        tokio::task::spawn_blocking(move || record.sync(position)).await.unwrap_or(Err(BudgetError::Failed))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
