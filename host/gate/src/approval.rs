//! The gate between rows and audit, approve: where the policy asks for it, a person has said yes to this very call. What was
//! said holds for the arguments, the operation, the run and the policy that it was said about, and for nothing else. It
//! doesn't know who said it, nor where that is kept.

use std::time::Duration;

use casemate_abi::Code;

use crate::call::{Call, Request};
use crate::id::Digest;
use crate::policy::{Grants, Tenure};
use crate::refusal::Refusal;
use crate::rls::Scoped;

/// A call that needs nobody's word, or has it.
#[derive(Debug)]
#[must_use]
pub struct Approved {
    call: Scoped,
}

impl Approved {
    pub(crate) const fn call(&self) -> &Call {
        self.call.call()
    }

    pub(crate) fn into_scoped(self) -> Scoped {
        self.call
    }
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes, to what has this digest.
    Approved {
        /// What the question was bound to.
        bound: [u8; 32],
    },
    /// No.
    Denied,
    /// Nobody said anything in time.
    Expired,
    /// What was said doesn't belong to the question.
    Void,
    /// Nothing of the run is real: it is repeated from a recording.
    Rehearsed,
}

/// Whether a call may go on.
#[derive(Debug)]
#[must_use]
pub enum Leave {
    /// It may.
    Given(Approved),
    /// Somebody has to be asked.
    Ask {
        /// What is asked for, without personal data.
        request: Request,
        /// How long it is waited for.
        within: Duration,
        /// What the answer will be bound to.
        bound: [u8; 32],
    },
}

/// Lets a call go on for which no approval is needed or which has one; `answer` is what became of the question about it, where
/// one was asked. `bind` is a keyed digest of the call as screened under a policy: the one that holds now. A call asks
/// where the run's own policy or the one that holds by now does.
///
/// # Errors
/// [`Code::ApprovalDenied`], [`Code::ApprovalExpired`]; [`Code::ApprovalVoid`] where the answer was to something else;
/// [`Code::ApprovalImpossible`] for a call that can't wait; those of `bind`.
pub fn approve(
    call: Scoped,
    (grants, tenure): (&Grants, &mut Tenure),
    now_ms: u64,
    answer: Option<Answer>,
    bind: impl FnOnce(&Call, Digest) -> Result<[u8; 32], Refusal>,
) -> Result<Leave, Refusal> {
    let operation = call.call().request.operation();
    let refused =
        |code: Code, words: &str| Refusal::new(code, format!("the approval of `{}` {words}", operation.name()));
    match answer {
        Some(Answer::Rehearsed) => return Ok(Leave::Given(Approved { call })),
        Some(Answer::Denied) => return Err(refused(Code::ApprovalDenied, "was denied")),
        Some(Answer::Expired) => return Err(refused(Code::ApprovalExpired, "was not given in time")),
        Some(Answer::Void) => return Err(refused(Code::ApprovalVoid, "was given to something else")),
        Some(Answer::Approved { bound }) => {
            return if bind(call.call(), tenure.holds())? == bound {
                Ok(Leave::Given(Approved { call }))
            } else {
                Err(refused(Code::ApprovalVoid, "was given under another policy, or to something else"))
            };
        }
        None => {}
    }
    let (tool, verb, resource) = (operation.tool(), operation.verb(), call.call().request.resource());
    let own = grants.asks(tool, verb, resource, now_ms);
    let by_now = tenure.successor().and_then(|successor| successor.asks(tool, verb, resource, now_ms));
    let Some(within) = own.into_iter().chain(by_now).min() else { return Ok(Leave::Given(Approved { call })) };
    if !can_wait(&call.call().request) {
        return Err(refused(
            Code::ApprovalImpossible,
            "can't be waited for: what is open in the database isn't by then",
        ));
    }
    let bound = bind(call.call(), tenure.holds())?;
    Ok(Leave::Ask { request: call.call().request.clone(), within, bound })
}

/// Whether the call is the same after a wait: what is open in the database is not.
const fn can_wait(request: &Request) -> bool {
    !matches!(
        request,
        Request::SqlOpen { .. }
            | Request::SqlNext { .. }
            | Request::SqlBegin
            | Request::SqlCommit { .. }
            | Request::SqlWithin { .. }
    )
}
