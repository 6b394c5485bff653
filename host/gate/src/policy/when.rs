//! Conditions of a grant: from when and until when it holds, between which hours of the day, and of people whether they
//! proved to be there and from where. A grant with conditions is decided call by call. It doesn't know what time it is.

use std::net::IpAddr;

use serde::Deserialize;
use toml::value::{Datetime, Offset};

use super::Unenforceable;

/// `when = { … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WhenTable {
    from: Option<Datetime>,
    until: Option<Datetime>,
    between: Option<[Datetime; 2]>,
    mfa: Option<bool>,
    networks: Option<Vec<String>>,
}

/// Conditions; all of them must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    conditions: Vec<String>,
}

impl When {
    pub(super) fn parse(table: Option<WhenTable>, agents: bool, permits: bool) -> Result<Self, Unenforceable> {
        let Some(WhenTable { from, until, between, mfa, networks }) = table else { return Ok(Self::default()) };
        if agents && (mfa.is_some() || networks.is_some()) {
            return Err(Unenforceable::Login);
        }
        let mut conditions = Vec::new();
        if let (Some(from), Some(until)) = (&from, &until)
            && moment(from)? >= moment(until)?
        {
            return Err(Unenforceable::Never);
        }
        if let Some(from) = from {
            conditions.push(format!("context.now >= datetime(\"{}\")", moment(&from)?));
        }
        if let Some(until) = until {
            conditions.push(format!("context.now < datetime(\"{}\")", moment(&until)?));
        }
        if let Some([from, until]) = between {
            let (first, last) = (time_of_day(&from)?, time_of_day(&until)?);
            if first == last {
                return Err(Unenforceable::Never);
            }
            let after = format!("context.now.toTime() >= duration(\"{first}s\")");
            let before = format!("context.now.toTime() < duration(\"{last}s\")");
            // Over midnight, it is either late or early.
            let joined = if first <= last { "&&" } else { "||" };
            conditions.push(format!("{after} {joined} {before}"));
        }
        match mfa {
            Some(true) => conditions.push("context.mfa".to_owned()),
            Some(false) if permits => return Err(Unenforceable::NoMfa),
            Some(false) => conditions.push("!context.mfa".to_owned()),
            None => {}
        }
        if let Some(networks) = networks {
            let mut any = Vec::new();
            for network in &networks {
                any.push(format!("context.network.isInRange(ip(\"{}\"))", range(network)?));
            }
            if any.is_empty() {
                return Err(Unenforceable::NoNetworks);
            }
            // Where nobody knows where a request came from, it is from no network that is permitted, and perhaps from one
            // that is forbidden.
            let any = any.join(" || ");
            conditions.push(format!("if context has network then ({any}) else {}", !permits));
        }
        if conditions.is_empty() { Err(Unenforceable::NoConditions) } else { Ok(Self { conditions }) }
    }

    /// Whether it holds always.
    #[must_use]
    pub const fn is_always(&self) -> bool {
        self.conditions.is_empty()
    }

    /// The conditions as Cedar expressions.
    pub(super) fn conditions(&self) -> Vec<String> {
        self.conditions.clone()
    }
}

/// A moment in UTC, to the second, as Cedar writes it.
fn moment(datetime: &Datetime) -> Result<String, Unenforceable> {
    let fails = || Unenforceable::Moment(datetime.to_string());
    let (Some(date), Some(time), Some(Offset::Z)) = (datetime.date, datetime.time, datetime.offset) else {
        return Err(fails());
    };
    if time.nanosecond.is_some_and(|nanosecond| nanosecond > 0) {
        return Err(fails());
    }
    let (hour, minute, second) = (time.hour, time.minute, time.second.unwrap_or_default());
    Ok(format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", date.year, date.month, date.day))
}

/// Seconds since midnight, UTC.
fn time_of_day(datetime: &Datetime) -> Result<u32, Unenforceable> {
    match (datetime.date, datetime.time, datetime.offset) {
        (None, Some(time), None) if time.nanosecond.is_none_or(|nanosecond| nanosecond == 0) => {
            let (hour, minute, second) = (u32::from(time.hour), u32::from(time.minute), time.second.map(u32::from));
            Ok(hour * 3_600 + minute * 60 + second.unwrap_or_default())
        }
        _ => Err(Unenforceable::TimeOfDay(datetime.to_string())),
    }
}

/// An address or a range of them, such as `10.0.0.0/8`, in its one spelling.
fn range(text: &str) -> Result<String, Unenforceable> {
    let fails = || Unenforceable::Network(text.to_owned());
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| fails())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits {
        None => Ok(address.to_string()),
        Some(bits) => match bits.parse::<u8>() {
            Ok(number) if number <= most && number.to_string() == bits => Ok(format!("{address}/{number}")),
            _ => Err(fails()),
        },
    }
}
