//! `wasi:random`: streams of the run's own seed, apart from the tool `random`, so that neither disturbs the other.
//! `insecure` is as good as the rest. It doesn't know where the seed came from.

use wasmtime::component::Linker;

use super::call::{Host, define};
use super::{Guest, breach, name};
use crate::tools::{Instruments, Randomness};

/// Most bytes of one call.
const MOST: u64 = casemate_abi::limits::RANDOM_BYTES as u64;

/// Streams of the seed by number; the tool `random` has number 0.
pub(super) struct Streams {
    secure: Randomness,
    insecure: Randomness,
    seeds: Randomness,
}

impl Streams {
    pub(super) fn of(instruments: &Instruments) -> Self {
        let [secure, insecure, seeds] = [1, 2, 3].map(|number| instruments.randomness(number));
        Self { secure, insecure, seeds }
    }
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut random = linker.instance(&name("random/random"))?;
    define(&mut random, "get-random-bytes", |host, (length,): (u64,)| {
        let length = allowed(host, length)?;
        Ok((streams(host).secure.bytes(length),))
    })?;
    define(&mut random, "get-random-u64", |host, (): ()| Ok((streams(host).secure.number(),)))?;

    let mut insecure = linker.instance(&name("random/insecure"))?;
    define(&mut insecure, "get-insecure-random-bytes", |host, (length,): (u64,)| {
        let length = allowed(host, length)?;
        Ok((streams(host).insecure.bytes(length),))
    })?;
    define(&mut insecure, "get-insecure-random-u64", |host, (): ()| Ok((streams(host).insecure.number(),)))?;

    let mut seed = linker.instance(&name("random/insecure-seed"))?;
    define(&mut seed, "insecure-seed", |host, (): ()| {
        let seeds = &mut streams(host).seeds;
        Ok(((seeds.number(), seeds.number()),))
    })
}

/// These functions have no way to say no.
fn allowed(host: &mut Host<'_>, length: u64) -> wasmtime::Result<u32> {
    match u32::try_from(length) {
        Ok(length) if u64::from(length) <= MOST => {
            host.charge(length as usize)?;
            Ok(length)
        }
        _ => breach(format!("{length} random bytes are more than the {MOST} that one call gives")),
    }
}

fn streams<'a>(host: &'a mut Host<'_>) -> &'a mut Streams {
    let made = host.wasi().random.take();
    let made = made.unwrap_or_else(|| Box::new(Streams::of(host.instruments())));
    host.wasi().random.insert(made)
}
