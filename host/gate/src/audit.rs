//! The last gate, audit: nothing becomes real before it is on record. A permit lets a tool look, and prepare a change
//! that is not committed; the change is committed only against a `Durable`, which is made here from the ledger's receipt
//! of the intent, in one transaction with the journal's rows. It doesn't know how entries are sealed or kept.

use casemate_abi::Code;
use casemate_ledger as ledger;
use casemate_pii::Finding;

use crate::approval::Approved;
use crate::budget::Held;
use crate::call::{Call, Effect, Reply, Request};
use crate::id::Seq;
use crate::refusal::Refusal;
use crate::rls::Scope;

/// A call that is on record, or on its way there, with tokens where personal data was.
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

    /// The proof that whatever prepares a change asks for.
    ///
    /// # Errors
    /// [`Code::AuditUnavailable`] for a call that was admitted as one without an effect: its intent is not on record.
    pub fn change(&self) -> Result<Change<'_>, Refusal> {
        match self.call.request.operation().effect() {
            Effect::Transactional | Effect::Prepared => Ok(Change { _permit: self }),
            Effect::Pure => Err(Refusal::new(Code::AuditUnavailable, "the call was admitted as one without an effect")),
        }
    }
}

/// Proof that a call may prepare a change. It stays uncommitted until a [`Durable`] is there: the call's own, or that of the
/// commit with which its record goes.
#[derive(Debug)]
pub struct Change<'p> {
    _permit: &'p Permit,
}

/// Proof that a call's intent is durable in every zone of the ledger. No change is committed without it.
#[derive(Debug)]
pub struct Durable {
    intent: ledger::Receipt,
}

impl Durable {
    /// The proof for a call whose intent has this receipt.
    ///
    /// # Errors
    /// [`Code::AuditUnavailable`] when the receipt is another tenant's.
    pub fn of(permit: &Permit, intent: ledger::Receipt) -> Result<Self, Refusal> {
        if intent.origin().tenant == permit.scope.tenant().as_uuid() {
            Ok(Self { intent })
        } else {
            Err(Refusal::new(Code::AuditUnavailable, "the record of the call is another tenant's"))
        }
    }

    /// Index of the intent in the tenant's log.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.intent.index()
    }
}

/// What is recorded of a call: the call itself, screened.
#[must_use]
pub const fn record_of(call: &Approved) -> &Call {
    call.call()
}

/// Lets the call go on to its tool.
pub fn permit(call: Approved) -> Intended {
    let (screened, scope) = call.into_scoped().into_parts();
    let (call, findings, held) = screened.hold();
    Intended { permit: Permit { call, scope, findings, held } }
}

/// Ends the call: settles its budget and hands back what was found in its arguments. The permit is spent.
///
/// The second value is [`Code::BudgetResultBytes`] when the reply is larger than what was reserved: it is withheld.
pub fn conclude(permit: Permit, reply: Option<&Reply>) -> (Vec<Finding>, Result<(), Refusal>) {
    (permit.findings, permit.held.settle(reply))
}
