//! A request as people may read it later, in a recording say: every field, also those that a gate would rather refuse
//! than rewrite, with tokens where personal data was. Nothing is decided by it. It doesn't know who reads it.

use casemate_pii::Channel;

use super::{Guard, text};
use crate::call::Request;
use crate::refusal::Refusal;

/// The request with tokens where personal data stands, whatever came of it.
///
/// # Errors
/// `pii-too-large` for arguments that can't be searched.
pub fn shown(request: Request, guard: &mut Guard<'_>) -> Result<Request, Refusal> {
    let found = &mut Vec::new();
    let mut request = request;
    if let Some((statement, parameters)) = request.statement_mut() {
        *statement = text::text(guard, Channel::Argument, std::mem::take(statement), None, found)?;
        *parameters = super::parameters_of(std::mem::take(parameters), guard, found)?;
    }
    Ok(match request {
        Request::KvGet { key } => Request::KvGet { key: text::text(guard, Channel::Argument, key, None, found)? },
        Request::KvDelete { key } => Request::KvDelete { key: text::text(guard, Channel::Argument, key, None, found)? },
        Request::KvAdd { key, delta } => {
            Request::KvAdd { key: text::text(guard, Channel::Argument, key, None, found)?, delta }
        }
        Request::KvSet { key, value } => Request::KvSet {
            key: text::text(guard, Channel::Argument, key, None, found)?,
            value: text::bytes(guard, Channel::Argument, value, found)?,
        },
        Request::LogEmit { level, message } => {
            Request::LogEmit { level, message: text::text(guard, Channel::Log, message, None, found)? }
        }
        other @ (Request::SqlQuery { .. }
        | Request::SqlExecute { .. }
        | Request::SqlReturning { .. }
        | Request::SqlOpen { .. }
        | Request::SqlWithin { .. }
        | Request::SqlNext { .. }
        | Request::SqlBegin
        | Request::SqlCommit { .. }
        | Request::ClockNow
        | Request::ClockSleep { .. }
        | Request::RandomBytes { .. }) => other,
    })
}
