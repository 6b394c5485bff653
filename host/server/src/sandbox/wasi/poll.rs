//! `wasi:io/poll`. Everything but time is always ready, so a guest that polls waits for its clock or not at all. Waiting
//! is `clock.sleep`, where that is granted and worth it: it is on record, and the run gives up its memory. Else it burns
//! fuel, since that is what passes a run's time. No thread sleeps either way, and a replay waits for the same. It doesn't
//! know what a pollable is of.

use casemate_abi::limits::SLEEP_MILLISECONDS;
use casemate_gate::Request;
use wasmtime::component::{Linker, Resource};

use super::call::{Held, Host, define, define_resource, define_waiting};
use super::{Guest, breach, name};
use crate::clock;

/// Most pollables in one list.
const LIST: usize = 64;
/// Waits shorter than this burn fuel in any case: beginning again would take longer.
const WORTH_A_CALL_NS: u64 = 20_000_000;
const NS_PER_MS: u64 = 1_000_000;

/// Something to wait for.
pub(super) enum Pollable {
    /// It never has to be waited for.
    Ready,
    /// A time on the run's monotonic clock.
    At {
        /// In nanoseconds.
        ns: u64,
    },
}

impl Held for Pollable {}

impl Pollable {
    const fn at(&self) -> u64 {
        match self {
            Self::Ready => 0,
            Self::At { ns } => *ns,
        }
    }
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut poll = linker.instance(&name("io/poll"))?;
    define_resource::<Pollable>(&mut poll, "pollable")?;
    define(&mut poll, "[method]pollable.ready", |host, (pollable,): (Resource<Pollable>,)| {
        let at = host.held(&pollable)?.at();
        Ok((at <= host.monotonic_ns()?,))
    })?;
    define_waiting(&mut poll, "[method]pollable.block", |mut host, (pollable,): (Resource<Pollable>,)| {
        Box::pin(async move {
            let at = host.held(&pollable)?.at();
            wait(&mut host, at).await
        })
    })?;
    define_waiting(&mut poll, "poll", |mut host, (list,): (Vec<Resource<Pollable>>,)| {
        Box::pin(async move {
            if list.is_empty() || list.len() > LIST {
                return breach(format!("{} pollables can't be waited for: one to {LIST} can", list.len()));
            }
            let mut times = Vec::new();
            for pollable in &list {
                times.push(host.held(pollable)?.at());
            }
            wait(&mut host, times.iter().copied().min().unwrap_or_default()).await?;
            let now = host.monotonic_ns()?;
            let ready = (0_u32..).zip(times).filter(|(_, at)| *at <= now);
            Ok((ready.map(|(index, _)| index).collect::<Vec<u32>>(),))
        })
    })
}

/// Lets time pass until then.
async fn wait(host: &mut Host<'_>, until_ns: u64) -> wasmtime::Result<()> {
    loop {
        let left = until_ns.saturating_sub(host.monotonic_ns()?);
        if left == 0 {
            return Ok(());
        }
        if host.wasi().may_wait && left >= WORTH_A_CALL_NS {
            let milliseconds = left.div_ceil(NS_PER_MS).min(SLEEP_MILLISECONDS);
            if host.cross(Request::ClockSleep { milliseconds }).await?.is_ok() {
                continue;
            }
        }
        host.burn(clock::fuel_of_ns(left))?;
    }
}
