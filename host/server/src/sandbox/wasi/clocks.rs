//! `wasi:clocks`: the run's virtual time, by the calendar and since the run's start. Both go on with the fuel that is
//! burned, one nanosecond for each unit, and jump with each call that is on record. It doesn't know the system's clock.

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use super::call::define;
use super::poll::Pollable;
use super::{Guest, name};

const NS_PER_SECOND: u64 = 1_000_000_000;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut wall = linker.instance(&name("clocks/wall-clock"))?;
    define(&mut wall, "now", |host, (): ()| {
        let now = host.instruments().clock.now_ns(host.fuel_used()?);
        Ok((datetime(now),))
    })?;
    define(&mut wall, "resolution", |_, (): ()| Ok((datetime(1),)))?;

    let mut monotonic = linker.instance(&name("clocks/monotonic-clock"))?;
    define(&mut monotonic, "now", |host, (): ()| Ok((host.monotonic_ns()?,)))?;
    define(&mut monotonic, "resolution", |_, (): ()| Ok((1_u64,)))?;
    define(&mut monotonic, "subscribe-instant", |host, (when,): (u64,)| {
        Ok((host.hold(Pollable::At { ns: when })?,)) as wasmtime::Result<(Resource<Pollable>,)>
    })?;
    define(&mut monotonic, "subscribe-duration", |host, (length,): (u64,)| {
        let ns = host.monotonic_ns()?.saturating_add(length);
        Ok((host.hold(Pollable::At { ns })?,))
    })
}

fn datetime(ns: u64) -> Datetime {
    Datetime { seconds: ns / NS_PER_SECOND, nanoseconds: u32::try_from(ns % NS_PER_SECOND).unwrap_or_default() }
}
