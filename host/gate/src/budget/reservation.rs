//! The two budget gates themselves. A reservation that is dropped before the intent is on record releases itself;
//! once held, only its settlement or the run's end releases it. It doesn't know which tool will spend it.

use std::sync::Arc;

use casemate_abi::limits;

use super::meter::Meter;
use super::resource::Resource;
use crate::call::{Call, Operation, Reply, Request};
use crate::capability::Granted;
use crate::identity::Identified;
use crate::refusal::Refusal;

/// A call whose attempt is paid for.
#[derive(Debug)]
#[must_use]
pub struct Attempted {
    call: Call,
}

impl Attempted {
    pub(crate) const fn call(&self) -> &Call {
        &self.call
    }

    pub(crate) fn into_call(self) -> Call {
        self.call
    }
}

/// Charges the attempt, before anything costs us.
///
/// # Errors
/// [`casemate_abi::Code::BudgetCalls`] when the run or its tenant has no calls left.
pub fn attempt(call: Identified, meter: &Meter) -> Result<Attempted, Refusal> {
    meter.take(Resource::Calls, 1)?;
    Ok(Attempted { call: call.into_call() })
}

/// The same for a call that was charged when it was first made, and is made again after a wait: its run's own account is
/// charged as for every call that is answered from the journal.
///
/// # Errors
/// As for [`attempt`].
pub fn attempt_again(call: Identified, meter: &Meter) -> Result<Attempted, Refusal> {
    meter.replay(Resource::Calls, 1)?;
    Ok(Attempted { call: call.into_call() })
}

/// A call that can pay for the largest reply and log line that it may make.
#[derive(Debug)]
#[must_use]
pub struct Funded {
    call: Call,
    reservation: Reservation,
}

impl Funded {
    pub(crate) fn into_parts(self) -> (Call, Reservation) {
        (self.call, self.reservation)
    }
}

/// Amounts that are taken and not yet spent; they go back when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    meter: Arc<Meter>,
    result_bytes: u64,
    log_bytes: u64,
}

impl Reservation {
    /// From here on only a settlement gives the amounts back.
    pub(crate) fn hold(mut self) -> Held {
        let held = Held { meter: Arc::clone(&self.meter), result_bytes: self.result_bytes };
        self.result_bytes = 0;
        self.log_bytes = 0;
        held
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.meter.give_back(Resource::ResultBytes, self.result_bytes);
        self.meter.give_back(Resource::LogBytes, self.log_bytes);
    }
}

/// A reservation of a call that is on record.
#[derive(Debug)]
#[must_use]
pub struct Held {
    meter: Arc<Meter>,
    result_bytes: u64,
}

impl Held {
    /// Most bytes that the reply may have.
    #[must_use]
    pub const fn result_bytes(&self) -> u64 {
        self.result_bytes
    }

    /// Settles: the reply's real size stays charged, the rest goes back.
    ///
    /// # Errors
    /// [`casemate_abi::Code::BudgetResultBytes`] when the reply is larger than what was reserved for it.
    pub fn settle(self, reply: Option<&Reply>) -> Result<(), Refusal> {
        let size = reply.map_or(0, Reply::size) as u64;
        match self.result_bytes.checked_sub(size) {
            Some(rest) => {
                self.meter.give_back(Resource::ResultBytes, rest);
                Ok(())
            }
            None => self.meter.take(Resource::ResultBytes, size.saturating_sub(self.result_bytes)),
        }
    }
}

/// Reserves what the call may cost: the bytes of its reply and of its log line.
///
/// # Errors
/// The refusal of the resource that is used up.
pub fn reserve(call: Granted, meter: &Arc<Meter>) -> Result<Funded, Refusal> {
    let call = call.into_call();
    let mut reservation = Reservation { meter: Arc::clone(meter), result_bytes: 0, log_bytes: 0 };
    if let Request::LogEmit { message, .. } = &call.request {
        let size = message.len() as u64;
        meter.take(Resource::LogBytes, size)?;
        reservation.log_bytes = size;
    }
    reservation.result_bytes = match largest_reply(&call.request) {
        Largest::Exactly(size) => {
            meter.take(Resource::ResultBytes, size)?;
            size
        }
        Largest::AtMost(size) => meter.take_up_to(Resource::ResultBytes, size)?,
    };
    Ok(Funded { call, reservation })
}

enum Largest {
    Exactly(u64),
    AtMost(u64),
}

const fn largest_reply(request: &Request) -> Largest {
    match request.operation() {
        Operation::SqlQuery
        | Operation::SqlReturning
        | Operation::SqlNext
        | Operation::SqlTransactionQuery
        | Operation::SqlTransactionReturning
        | Operation::KvGet => Largest::AtMost(limits::CALL_BYTES as u64),
        Operation::RandomBytes => match request {
            Request::RandomBytes { length } => Largest::Exactly(*length as u64),
            _ => Largest::Exactly(0),
        },
        Operation::SqlExecute
        | Operation::SqlOpen
        | Operation::SqlBegin
        | Operation::SqlCommit
        | Operation::SqlTransactionExecute
        | Operation::KvSet
        | Operation::KvDelete
        | Operation::KvAdd
        | Operation::LogEmit
        | Operation::ClockNow
        | Operation::ClockSleep => Largest::Exactly(8),
    }
}
