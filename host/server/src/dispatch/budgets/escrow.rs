//! Budgets that several hosts spend from: what a stretch may use is held in the database before its guest's first instruction,
//! more is asked for while it runs, and the rest comes back with its end, or when whoever takes the run over settles it by
//! its journal. It doesn't know what limits are, nor what a call costs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use casemate_gate::budget::{Amounts, Meter, PerSpan, Period, Share, Span, Stretch, Terms, Windows};
use casemate_gate::call::Origin;
use casemate_gate::rls::Scope;
use casemate_gate::{Epoch, RunId};
use casemate_store::{Db, EscrowStretch, EscrowWindow, StoreError};
use futures_util::future::BoxFuture;

use super::super::DispatchError;
use super::Budgets;
use super::book::Book;
use super::entry::{Entry, Hold};
use crate::crossing::Lender;

/// How long nobody is asked again where nothing was left.
const FRUITLESS: Duration = Duration::from_secs(1);

/// A claim by which a run is held: what is lent to it is lent under it.
#[derive(Debug, Clone)]
pub(in super::super) struct Claim {
    /// The host's own look at the run's tenant.
    pub scope: Scope,
    /// The claim's number.
    pub epoch: Epoch,
    /// Whether the run is on record already.
    pub is_recorded: bool,
}

/// What a stretch begins with.
pub(in super::super) struct Begun {
    /// What is left of its budget.
    pub meter: Arc<Meter>,
    /// Who lends it more; none where one host has all of the budget.
    pub lender: Option<Arc<dyn Lender>>,
    /// When the stretch began that it goes on with, if its host died: in milliseconds since 1970-01-01T00:00:00Z.
    pub since_ms: Option<u64>,
}

impl Budgets {
    /// The same with budgets that other hosts spend from too.
    #[must_use]
    pub fn shared(self, db: Db) -> Self {
        Self { shared: Some(db), ..self }
    }

    /// What a stretch of a run may use is lent to it, durably: two of a limit are never lent the same, whatever becomes of the database.
    pub(super) async fn lend(
        self: &Arc<Self>,
        db: &Db,
        (origin, claim): (&Origin, &Claim),
        terms: &Terms,
        now_ms: u64,
        replayed: Amounts,
    ) -> Result<Begun, DispatchError> {
        let escrow = db.escrow(&claim.scope, &origin.agent, now_ms).await?;
        let (agent, tenant) = self.lent_shares(origin, terms, now_ms, (escrow.of_agent(), escrow.of_tenant()));
        let meter = match Meter::wake_lent(*terms, agent, tenant, replayed) {
            Ok(meter) => self.note(origin.run, meter),
            Err(refusal) => {
                escrow.close().await?;
                return Err(refusal.into());
            }
        };
        let Stretch { before, held, .. } = meter.stretch();
        escrow.hold((origin.run, claim.epoch.get(), claim.is_recorded), before, held).await?;
        meter.recorded();
        Ok(Begun { lender: Some(self.lender(db, origin, claim, terms, now_ms)), meter, since_ms: None })
    }

    /// The same for a run that goes on: with what its host had been lent when it died, or anew.
    pub(super) async fn lend_again(
        self: &Arc<Self>,
        db: &Db,
        (origin, claim): (&Origin, &Claim),
        terms: &Terms,
        now_ms: u64,
        replayed: Amounts,
    ) -> Result<Begun, DispatchError> {
        let Some(left) = db.adopt_stretch(&claim.scope, origin.run, claim.epoch.get()).await? else {
            return self.lend(db, (origin, claim), terms, now_ms, replayed).await;
        };
        // What others use of its windows is no matter: it has what it was lent, and asks for more.
        let nothing = PerSpan::default();
        let (agent, tenant) = self.lent_shares(origin, terms, left.at_ms, (&nothing, &nothing));
        let stretch = Stretch { before: left.before, held: left.held, replayed };
        let meter = self.note(origin.run, Meter::adopt_lent(*terms, agent, tenant, stretch)?);
        let lender = self.lender(db, origin, claim, terms, left.at_ms);
        Ok(Begun { meter, lender: Some(lender), since_ms: Some(left.at_ms) })
    }

    /// Puts on record what a stretch used, where that does not go with the run's end.
    pub(super) async fn give_back(db: &Db, claim: &Claim, run: RunId, spent: Amounts) {
        if let Err(error) = db.settle_stretch(&claim.scope, run, claim.epoch.get(), &spent).await {
            tracing::error!(%run, %error, code = error.code(), "what the run used could not be recorded: it stays charged in full");
        }
    }

    /// What a tenant and its agents have used, on whichever host.
    ///
    /// # Errors
    /// Those of the database.
    pub(in super::super) async fn book_of(&self, scope: &Scope) -> Result<Book, StoreError> {
        match &self.shared {
            Some(db) => self.book().with_shared(db, scope).await,
            None => Ok(self.book()),
        }
    }

    /// Shares with windows of the run's own, which say what everybody uses of its agent's and its tenant's.
    fn lent_shares(
        &self,
        origin: &Origin,
        terms: &Terms,
        at_ms: u64,
        (of_agent, of_tenant): (&PerSpan<Amounts>, &PerSpan<Amounts>),
    ) -> (Share, Share) {
        let windows = |used: &PerSpan<Amounts>| Windows::at(at_ms, |span: Span, _: Period| *used.get(span));
        let agent = self.owner(&(origin.tenant, Some(origin.agent.clone())), at_ms);
        let tenant = self.owner(&(origin.tenant, None), at_ms);
        (Share::of(agent, windows(of_agent), terms.agent), Share::of(tenant, windows(of_tenant), terms.tenant))
    }

    fn lender(self: &Arc<Self>, db: &Db, origin: &Origin, claim: &Claim, terms: &Terms, at_ms: u64) -> Arc<dyn Lender> {
        let (budgets, db) = (Arc::clone(self), db.clone());
        Arc::new(Lent {
            budgets,
            db,
            origin: origin.clone(),
            claim: claim.clone(),
            terms: *terms,
            at_ms,
            asked: Mutex::default(),
        })
    }
}

impl Book {
    /// The same with what hosts on one database have used and hold of a tenant's budgets.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn with_shared(mut self, db: &Db, scope: &Scope) -> Result<Self, StoreError> {
        let (windows, stretches) = db.escrowed(scope).await?;
        let tenant = scope.tenant();
        for EscrowWindow { agent, span, begins_ms, spent, .. } in windows {
            self.apply(Entry::Total { tenant, agent, span, begins_ms, spent });
        }
        for EscrowStretch { run, agent, at_ms, before, held } in stretches {
            self.apply(Entry::Hold(Hold { run, tenant, agent, at_ms, before, held }));
        }
        Ok(self)
    }
}

/// Lends one stretch of a run more.
struct Lent {
    budgets: Arc<Budgets>,
    db: Db,
    origin: Origin,
    claim: Claim,
    terms: Terms,
    at_ms: u64,
    /// When there was nothing left.
    asked: Mutex<Option<Instant>>,
}

impl Lent {
    async fn more(&self, meter: &Meter, wanted: &Amounts) -> Result<bool, StoreError> {
        let escrow = self.db.escrow(&self.claim.scope, &self.origin.agent, self.at_ms).await?;
        let (agent, tenant) =
            self.budgets.lent_shares(&self.origin, &self.terms, self.at_ms, (escrow.of_agent(), escrow.of_tenant()));
        let Some(more) = meter.portion(agent, tenant, wanted) else {
            escrow.close().await?;
            return Ok(false);
        };
        escrow.hold((self.origin.run, self.claim.epoch.get(), true), &meter.stretch().before, &more).await?;
        meter.lend(&more);
        Ok(true)
    }
}

impl Lender for Lent {
    fn top_up<'a>(&'a self, meter: &'a Meter) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(wanted) = meter.wanted() else { return };
            if self.asked.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < FRUITLESS) {
                return;
            }
            let lent = self.more(meter, &wanted).await;
            if let Err(error) = &lent {
                // The call is refused by what there is; where the run is another's by now, its next record is refused too.
                tracing::warn!(run = %self.origin.run, %error, code = error.code(), "no more could be lent to the run");
            }
            if !lent.unwrap_or(false) {
                *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            }
        })
    }
}
