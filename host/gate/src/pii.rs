//! Gate 5 on the way out and the only gate of the way back: what may leave the guest (`screen`), what goes back in
//! for a granted destination (`reveal`), what may come back to the guest (`redact`). It doesn't know how personal
//! data is found; the Sentinel does.
//!
//! Screening and reveal never rewrite what capability or Postgres reads as code: a statement's text, a key. A match
//! there is a refusal.

mod shown;
#[cfg(test)]
mod tests;
mod text;

pub use shown::shown;

use casemate_abi::Code;
use casemate_pii::{Channel, ChannelRules, Finding, Sentinel, TooLarge, rewrite};

use crate::audit::{Intended, Permit};
use crate::budget::{Funded, Held};
use crate::call::{Call, Reply, Request, Value, Verb};
use crate::refusal::Refusal;
use crate::vault::Vault;

/// What personal data is and what is done with it, for one run.
#[derive(Debug)]
pub struct Guard<'a> {
    /// Finds it.
    pub sentinel: &'a Sentinel,
    /// Says what is done, in each channel.
    pub rules: &'a ChannelRules,
    /// Makes the tokens.
    pub vault: &'a mut Vault,
}

/// A call whose arguments may leave the guest.
#[derive(Debug)]
#[must_use]
pub struct Screened {
    call: Call,
    findings: Vec<Finding>,
    reservation: crate::budget::Reservation,
}

impl Screened {
    pub(crate) const fn call(&self) -> &Call {
        &self.call
    }

    pub(crate) fn hold(self) -> (Call, Vec<Finding>, Held) {
        (self.call, self.findings, self.reservation.hold())
    }
}

/// Looks at the arguments for the last time and rewrites personal data in them to tokens.
///
/// # Errors
/// [`Code::PiiInControlField`] for personal data in a statement or key, [`Code::PiiStrictToken`] for a token that
/// can't be turned back in a parameter of a write, [`Code::PiiTooLarge`] for arguments that can't be searched.
pub fn screen(call: Funded, guard: &mut Guard<'_>) -> Result<Screened, Refusal> {
    let (Call { seq, mut request }, reservation) = call.into_parts();
    let mut findings = Vec::new();
    let writes = request.operation().verb() == Verb::Write;
    if let Some((statement, parameters)) = request.statement_mut() {
        text::refuse_match(guard, statement, "the statement")?;
        *parameters = parameters_of(std::mem::take(parameters), guard, &mut findings)?;
        if writes {
            parameters.iter().try_for_each(|parameter| text::refuse_strict_token(guard.vault, parameter))?;
        }
    }
    let request = match request {
        Request::KvGet { key } => Request::KvGet { key: text::control(guard, key, "the key")? },
        Request::KvDelete { key } => Request::KvDelete { key: text::control(guard, key, "the key")? },
        Request::KvAdd { key, delta } => Request::KvAdd { key: text::control(guard, key, "the key")?, delta },
        Request::KvSet { key, value } => Request::KvSet {
            key: text::control(guard, key, "the key")?,
            value: text::bytes(guard, Channel::Argument, value, &mut findings)?,
        },
        Request::LogEmit { level, message } => {
            Request::LogEmit { level, message: text::text(guard, Channel::Log, message, None, &mut findings)? }
        }
        other @ (Request::ClockNow
        | Request::ClockSleep { .. }
        | Request::RandomBytes { .. }
        | Request::SqlQuery { .. }
        | Request::SqlExecute { .. }
        | Request::SqlReturning { .. }
        | Request::SqlOpen { .. }
        | Request::SqlWithin { .. }
        | Request::SqlNext { .. }
        | Request::SqlBegin
        | Request::SqlCommit { .. }) => other,
    };
    Ok(Screened { call: Call { seq, request }, findings, reservation })
}

fn parameters_of(
    parameters: Vec<Value>,
    guard: &mut Guard<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Value>, Refusal> {
    parameters.into_iter().map(|value| text::value(guard, Channel::Argument, value, None, findings)).collect()
}

/// Puts vaulted values back into the parameters of a statement: the tenant's own rows are the one destination that
/// is granted by default. The journal keeps the call as it was before.
pub fn reveal(intended: Intended, vault: &Vault) -> Permit {
    intended.reveal(|request| {
        if let Some((_, parameters)) = request.statement_mut() {
            for parameter in parameters {
                text::reveal(vault, parameter);
            }
        }
    })
}

/// Rewrites personal data in a reply to tokens. Values that were revealed for the call and are echoed become their
/// tokens again, since the same value makes the same token.
///
/// # Errors
/// [`Code::PiiTooLarge`] for a reply that can't be searched: it is withheld.
pub fn redact(_permit: &Permit, reply: Reply, guard: &mut Guard<'_>) -> Result<(Reply, Vec<Finding>), Refusal> {
    let mut findings = Vec::new();
    let reply = match reply {
        Reply::Rows { columns, rows } => {
            let mut redacted = Vec::with_capacity(rows.len());
            for row in rows {
                let mut cells = Vec::with_capacity(row.len());
                for (position, cell) in row.into_iter().enumerate() {
                    let hint = columns.get(position).map(String::as_str);
                    cells.push(text::value(guard, Channel::Reply, cell, hint, &mut findings)?);
                }
                redacted.push(cells);
            }
            Reply::Rows { columns, rows: redacted }
        }
        Reply::Bytes(Some(value)) => Reply::Bytes(Some(text::bytes(guard, Channel::Reply, value, &mut findings)?)),
        other @ (Reply::Unit
        | Reply::Changed(_)
        | Reply::Bytes(None)
        | Reply::Existed(_)
        | Reply::Counter(_)
        | Reply::Time(_)
        | Reply::Random(_)
        | Reply::Opened(_)) => other,
    };
    Ok((reply, findings))
}

/// Rewrites a whole JSON document, such as a run's input before the guest sees it or its result before anybody
/// else does.
///
/// # Errors
/// [`Code::PiiTooLarge`] for a document that can't be searched.
pub fn document(
    guard: &mut Guard<'_>,
    channel: Channel,
    document: &mut serde_json::Value,
) -> Result<Vec<Finding>, Refusal> {
    rewrite::json(guard.sentinel, guard.rules.of(channel), document, guard.vault).map_err(|cause| too_large(&cause))
}

/// Rewrites words that a guest left behind, such as the message of its failure.
///
/// # Errors
/// [`Code::PiiTooLarge`] for words that can't be searched.
pub fn words(guard: &mut Guard<'_>, words: &str) -> Result<String, Refusal> {
    text::text(guard, Channel::Result, words.to_owned(), None, &mut Vec::new())
}

pub(crate) fn too_large(cause: &TooLarge) -> Refusal {
    Refusal::new(Code::PiiTooLarge, format!("the data can't be searched for personal data: {cause}"))
}
