//! Gate 3, capability: may they. Deny by default. What a run may do was settled when it started, as the intersection
//! of the agent's manifest and the operator's policy. It doesn't know where either of them is kept.

use casemate_abi::{Code, limits};

use crate::budget::Attempted;
use crate::call::{Call, Request};
use crate::policy::{Denied, Grants, Tenure};
use crate::refusal::Refusal;

/// The end of a refusal's message.
const NOT_GRANTED: &str = " is not granted to this agent";

/// The resource that a refusal's message names, for whoever has nothing else left of the call: one that was refused here
/// was not screened, so its arguments are not on record.
///
/// ```
/// use casemate_gate::capability::refused_resource;
///
/// assert_eq!(refused_resource("`kv.get` on `a` b` is not granted to this agent"), Some("a` b"));
/// assert_eq!(refused_resource("`clock.now` is not granted to this agent"), None);
/// ```
#[must_use]
pub fn refused_resource(message: &str) -> Option<&str> {
    message.strip_suffix(NOT_GRANTED)?.split_once("` on `")?.1.strip_suffix('`')
}

/// A call that is granted.
#[derive(Debug)]
#[must_use]
pub struct Granted {
    call: Call,
}

impl Granted {
    pub(crate) fn into_call(self) -> Call {
        self.call
    }
}

/// Grants the call if manifest and policy both name its tool, verb and resource, the policy that holds by now doesn't
/// forbid it, and its arguments keep to the contract's limits. `now_ms` is milliseconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// [`Code::CapabilityNotGranted`], [`Code::CapabilityWithdrawn`], by which the run ends, or [`Code::ToolArgument`] for an argument over a limit.
pub fn grant(call: Attempted, grants: &Grants, tenure: &mut Tenure, now_ms: u64) -> Result<Granted, Refusal> {
    let request = &call.call().request;
    let operation = request.operation();
    let (tool, verb, resource) = (operation.tool(), operation.verb(), request.resource());
    let on = || resource.map(|resource| format!(" on `{resource}`")).unwrap_or_default();
    if let Err(denied) = grants.allow(tool, verb, resource, now_ms) {
        let message = format!("`{}`{}{NOT_GRANTED}", operation.name(), on());
        let refusal = Refusal::new(Code::CapabilityNotGranted, message);
        return Err(match denied {
            Denied::NotNamed => refusal,
            Denied::Decided(why) => refusal.with_internal(why),
        });
    }
    let forbids = |successor: &Grants| {
        !successor.hold_what_is_given(grants, tool, verb) || successor.allow(tool, verb, resource, now_ms).is_err()
    };
    if tenure.successor().is_some_and(forbids) {
        let message =
            format!("`{}`{} is forbidden by the policy that holds for the tenant by now", operation.name(), on());
        return Err(Refusal::new(Code::CapabilityWithdrawn, message));
    }
    within_limits(request)?;
    Ok(Granted { call: call.into_call() })
}

fn within_limits(request: &Request) -> Result<(), Refusal> {
    let (what, size, limit) = match request {
        Request::SqlQuery { statement, parameters }
        | Request::SqlExecute { statement, parameters }
        | Request::SqlReturning { statement, parameters }
        | Request::SqlOpen { statement, parameters }
        | Request::SqlWithin { statement, parameters, .. } => {
            let elements = parameters.iter().map(|value| value.count().saturating_sub(1)).sum();
            if parameters.len() > limits::SQL_PARAMETERS {
                ("parameters", parameters.len(), limits::SQL_PARAMETERS)
            } else if statement.len() > limits::SQL_STATEMENT_BYTES {
                ("bytes of statement", statement.len(), limits::SQL_STATEMENT_BYTES)
            } else if elements > limits::SQL_ELEMENTS {
                ("elements of arrays", elements, limits::SQL_ELEMENTS)
            } else {
                ("bytes of arguments", request.size(), limits::CALL_BYTES)
            }
        }
        Request::SqlNext { limit: 0, .. } => {
            return Err(Refusal::new(Code::ToolArgument, "0 rows are none: ask for one at least"));
        }
        Request::SqlNext { limit, .. } => ("rows", *limit as usize, limits::SQL_ROWS),
        Request::KvSet { value, .. } if value.len() > limits::KV_VALUE_BYTES => {
            ("bytes of value", value.len(), limits::KV_VALUE_BYTES)
        }
        Request::KvGet { key }
        | Request::KvSet { key, .. }
        | Request::KvDelete { key }
        | Request::KvAdd { key, .. } => ("bytes of key", key.len(), limits::KV_KEY_BYTES),
        Request::LogEmit { message, .. } => ("bytes of message", message.len(), limits::LOG_MESSAGE_BYTES),
        Request::RandomBytes { length } => ("random bytes", *length as usize, limits::RANDOM_BYTES as usize),
        Request::ClockSleep { milliseconds } => {
            let milliseconds = usize::try_from(*milliseconds).unwrap_or(usize::MAX);
            ("milliseconds", milliseconds, limits::SLEEP_MILLISECONDS as usize)
        }
        Request::ClockNow | Request::SqlBegin | Request::SqlCommit { .. } => return Ok(()),
    };
    if size <= limit {
        return Ok(());
    }
    Err(Refusal::new(Code::ToolArgument, format!("{size} {what} are more than the {limit} that one call takes")))
}
