//! The last gate, audit: nothing happens before it is on record. The permit without which no tool runs is made here, from
//! the receipts of the ledger and the journal; a call without an effect gets one whose record rides with the next.
//! It doesn't know how entries are sealed or kept.

use casemate_abi::Code;
use casemate_ledger as ledger;
use casemate_pii::Finding;

use crate::budget::Held;
use crate::call::{Call, Effect, Reply, Request};
use crate::id::Seq;
use crate::journal::{self, RowKind};
use crate::refusal::Refusal;
use crate::rls::{Scope, Scoped};

/// Proof that a call's intent is durable in ledger and journal. Whatever changes the world asks for it.
#[derive(Debug)]
pub struct Durable {
    ledger: ledger::Receipt,
    journal: journal::Receipt,
}

impl Durable {
    /// Index of the intent in the tenant's log.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.ledger.index()
    }

    /// The claim under which the intent was journaled.
    #[must_use]
    pub const fn epoch(&self) -> crate::id::Epoch {
        self.journal.epoch()
    }
}

/// A call that is on record, with tokens where personal data was.
#[derive(Debug)]
#[must_use]
pub struct Intended {
    permit: Permit,
}

impl Intended {
    pub(crate) fn reveal(mut self, put_back: impl FnOnce(&mut Request)) -> Permit {
        put_back(&mut self.permit.call.request);
        self.permit
    }
}

/// Leave to run a tool: every gate is passed.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    call: Call,
    scope: Scope,
    findings: Vec<Finding>,
    held: Held,
    durable: Option<Durable>,
}

impl Permit {
    /// What is asked for, as the tool may see it.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.call.request
    }

    /// Ordinal within the run.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.call.seq
    }

    /// Whose rows exist.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Most bytes that the reply may have.
    #[must_use]
    pub const fn result_bytes(&self) -> u64 {
        self.held.result_bytes()
    }

    /// The proof that whatever changes the world asks for.
    ///
    /// # Errors
    /// [`Code::AuditUnavailable`] for a call that was admitted as one without an effect.
    pub fn durable(&self) -> Result<&Durable, Refusal> {
        self.durable.as_ref().ok_or_else(|| {
            Refusal::new(Code::AuditUnavailable, "the call would have an effect and its intent is not on record")
        })
    }
}

/// What must be recorded of a call before it is allowed: the call itself, screened.
#[must_use]
pub const fn record_of(call: &Scoped) -> &Call {
    call.call()
}

/// Lets a call without an effect go on; its record rides with the next one that has an effect.
///
/// # Errors
/// The call itself when it has an effect: its intent must be durable first.
pub fn ride(call: Scoped) -> Result<Intended, Box<Scoped>> {
    if call.call().request.operation().effect() == Effect::Pure {
        Ok(Intended { permit: permit(call, None) })
    } else {
        Err(Box::new(call))
    }
}

/// Lets a call with an effect go on, now that its intent is durable.
///
/// # Errors
/// [`Code::AuditUnavailable`] when the receipts are another call's.
pub fn intend(call: Scoped, ledger: ledger::Receipt, journal: journal::Receipt) -> Result<Intended, Refusal> {
    let scope = call.scope();
    let same_tenant = ledger.origin().tenant == scope.tenant().as_uuid();
    let same_call = scope.run().is_some_and(|run| journal.is_for(run, call.call().seq, RowKind::Intent));
    if same_tenant && same_call {
        Ok(Intended { permit: permit(call, Some(Durable { ledger, journal })) })
    } else {
        Err(Refusal::new(Code::AuditUnavailable, "the record of the call is another call's"))
    }
}

fn permit(call: Scoped, durable: Option<Durable>) -> Permit {
    let (screened, scope) = call.into_parts();
    let (call, findings, held) = screened.hold();
    Permit { call, scope, findings, held, durable }
}

/// Ends the call: settles its budget and hands back what was found in its arguments. The permit is spent.
///
/// The second value is [`Code::BudgetResultBytes`] when the reply is larger than what was reserved: it is withheld.
pub fn conclude(permit: Permit, reply: Option<&Reply>) -> (Vec<Finding>, Result<(), Refusal>) {
    (permit.findings, permit.held.settle(reply))
}
