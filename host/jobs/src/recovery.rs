//! What a new holder does with each call that it finds in journal and ledger. The journal is the authority: the ledger
//! is made to agree with it first, then the call is settled by the kind of its effect. It doesn't read either of them.

use crate::Resolution;

/// What can be done about a call without outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// It has no effect.
    Pure,
    /// Its receiver takes it once for each key.
    Idempotent,
    /// Its effect commits with its outcome or not at all.
    Transactional,
    /// Its receiver can be asked whether it took place.
    Queryable,
    /// None of these.
    Other,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 5] = [Self::Pure, Self::Idempotent, Self::Transactional, Self::Queryable, Self::Other];
}

/// An intent as a new holder finds it, after its claim has raised the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Found {
    /// The journal has it.
    pub in_journal: bool,
    /// The ledger has it.
    pub in_ledger: bool,
    /// It stands in the ledger behind an entry of a later claim: whoever wrote it had been fenced.
    pub is_late: bool,
    /// The journal has an outcome of the call, under any claim.
    pub has_outcome: bool,
    /// What its effect is.
    pub class: Class,
    /// Nothing of earlier claims can be under way any more: [`Job::is_quiet`](crate::Job::is_quiet).
    pub is_quiet: bool,
    /// What a person said about this intent.
    pub resolution: Option<Resolution>,
}

/// What is done about an intent: first in the ledger, then about the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Action {
    /// In the ledger.
    pub ledger: LedgerAction,
    /// About the call.
    pub call: CallAction,
}

/// How the ledger is made to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerAction {
    /// It agrees.
    Nothing,
    /// The journal's entry is appended, with its own lower epoch.
    AppendLate,
    /// The ledger's entry is declared void: its intent never became durable, so it had no effect.
    Void,
    /// The entry of a fenced holder is left alone; verification flags it.
    Flag,
}

/// How a call is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallAction {
    /// There was none.
    Nothing,
    /// Its outcome answers it.
    Settle,
    /// It is made again.
    CallAgain,
    /// It is sent again with the key that it had.
    ResendSameKey,
    /// Nothing, until what is under way has arrived: an answer that it did not take place would be too early.
    Wait,
    /// Its receiver is asked; if it did not take place, it is sent again with the key that it had.
    AskStatus,
    /// The outcome that a person gave is appended.
    AppendResolved,
    /// The run is parked as indeterminate, until a person says what became of it.
    Park,
    /// The run ends: a person gave it up.
    GiveUp,
}

/// What is done about an intent.
#[must_use]
pub const fn action(found: &Found) -> Action {
    let ledger = match (found.in_journal, found.in_ledger) {
        (true, true) | (false, false) => LedgerAction::Nothing,
        (true, false) => LedgerAction::AppendLate,
        (false, true) if found.is_late => LedgerAction::Flag,
        (false, true) => LedgerAction::Void,
    };
    Action { ledger, call: call(found) }
}

const fn call(found: &Found) -> CallAction {
    if found.has_outcome {
        return CallAction::Settle;
    }
    if !found.in_journal {
        // The effect waits for the journal, so there was none; where the guest gets to the call it is made.
        return CallAction::Nothing;
    }
    match (found.class, found.resolution) {
        (Class::Pure | Class::Transactional, _) => CallAction::CallAgain,
        (Class::Idempotent, _) => CallAction::ResendSameKey,
        (Class::Queryable, _) | (Class::Other, None) if !found.is_quiet => CallAction::Wait,
        (Class::Queryable, _) => CallAction::AskStatus,
        (Class::Other, None) => CallAction::Park,
        (Class::Other, Some(Resolution::Happened)) => CallAction::AppendResolved,
        (Class::Other, Some(Resolution::DidNotHappen)) => CallAction::CallAgain,
        (Class::Other, Some(Resolution::GiveUp)) => CallAction::GiveUp,
    }
}
