//! Approvals at the desk: listed, shown as the run has them on record, and decided. It doesn't know who asks to.

use casemate_gate::{Request, TenantId};
use casemate_keys::WrappedKey;
use casemate_store::{ApprovalFilter, ApprovalRecord, Decided, Word};
use uuid::Uuid;

use super::super::approvals::{ApprovalError, Statement};
use super::super::{DispatchError, bookkeeping_of, millis, records};
use super::{Desk, UNIX_EPOCH};
use crate::crossing::{Asking, asked_for};

/// Seals that hosts may have made for a run under each claim, beside the rows that are there.
const UNSEEN: u64 = 1024;

/// An approval as the run asks for it.
#[derive(Debug)]
pub struct Approval {
    /// As it stands.
    pub record: ApprovalRecord,
    /// What exactly is asked for, without personal data.
    pub request: Request,
    /// What was said.
    pub statement: Option<Statement>,
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Yes or no.
    pub approved: bool,
    /// Who decides.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

impl Desk {
    /// The tenant's approvals, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn approvals(
        &self,
        tenant: TenantId,
        filter: ApprovalFilter,
    ) -> Result<Vec<ApprovalRecord>, DispatchError> {
        Ok(self.db.approvals(&bookkeeping_of(tenant)?, filter).await?)
    }

    /// One approval, with what is asked for as the run's journal has it.
    ///
    /// # Errors
    /// [`ApprovalError::Unknown`]; [`ApprovalError::Altered`] where the journal has something else; those of keys and
    /// database.
    pub async fn approval(&self, tenant: TenantId, id: Uuid) -> Result<Approval, DispatchError> {
        self.look(tenant, id, None).await.map(|(approval, _)| approval)
    }

    /// Decides an approval, once, and has its run go on.
    ///
    /// # Errors
    /// [`ApprovalError`]; those of keys and database.
    pub async fn decide(&self, tenant: TenantId, id: Uuid, decision: Decision) -> Result<Approval, DispatchError> {
        let (_, sealed) = self.look(tenant, id, Some(&decision)).await?;
        let word = if decision.approved { Word::Approved } else { Word::Denied };
        let refused = match self.db.decide(&bookkeeping_of(tenant)?, id, word, sealed).await? {
            Decided::Now => {
                // Who looks for work finds it.
                self.db.notify(tenant).await?;
                return self.approval(tenant, id).await;
            }
            Decided::Unknown => ApprovalError::Unknown,
            Decided::Before => ApprovalError::Decided,
            Decided::Late => ApprovalError::Late,
            Decided::Over => ApprovalError::Over,
        };
        Err(refused.into())
    }

    /// An approval, held to the journal; and a decision, sealed, where there is one.
    async fn look(
        &self,
        tenant: TenantId,
        id: Uuid,
        decision: Option<&Decision>,
    ) -> Result<(Approval, Vec<u8>), DispatchError> {
        let scope = bookkeeping_of(tenant)?;
        let record = self.db.approval(&scope, id).await?.ok_or(ApprovalError::Unknown)?;
        let (run, rows) = self.db.load_run(&scope, record.run).await?;
        let wrapped = WrappedKey(run.wrapped_key);
        let key = self.scribe.keys().unwrap_run(tenant.as_uuid(), record.run.as_uuid(), &wrapped)?;
        key.key.spend((rows.len() as u64).saturating_add(run.epoch.get().saturating_mul(UNSEEN)));
        let frames = rows.iter().map(|row| records::opened(&key.key, tenant, row)).collect::<Result<Vec<_>, _>>()?;
        let (asking, request) = asked_for(&frames, id).ok_or(ApprovalError::Altered)?;
        if !is_kept_as_asked(&record, &asking) {
            return Err(ApprovalError::Altered.into());
        }
        let place = (tenant, record.run);
        let statement = record.content.as_deref();
        let statement = statement.and_then(|sealed| Statement::open(&key.key, place, &asking, sealed));
        let sealed = match decision {
            Some(Decision { approved, by, reason }) => {
                Statement::to(&asking, *approved, by.clone(), reason.clone()).seal(&key.key, place, &asking)?
            }
            None => Vec::new(),
        };
        Ok((Approval { request: request.clone(), record, statement }, sealed))
    }
}

fn is_kept_as_asked(record: &ApprovalRecord, asking: &Asking) -> bool {
    let deadline = record.deadline.duration_since(UNIX_EPOCH).map(millis).unwrap_or_default();
    record.bound == asking.bound
        && (record.seq, record.operation.as_str(), deadline) == (asking.seq, asking.operation.name(), asking.until_ms)
}
