//! `wasi:io/streams`, over three things only: nothing, the run's log, and files of the scratch directory. Each write is
//! done when it returns, so no stream holds bytes back and none has a queue that a guest could fill. It doesn't know how
//! a stream is come by.

use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::call::{Held, Host, define, define_resource, define_waiting};
use super::io::Failure;
use super::poll::Pollable;
use super::scratch::{Open, Scratch, TRANSFER};
use super::stdio::{self, Channel};
use super::{Guest, breach, name};

/// Most bytes of the calls that write and flush in one, as WASI has it.
const AT_ONCE: usize = 4096;

/// Something to read from.
pub(super) enum Input {
    /// It is at its end.
    Nothing,
    /// A file from a place on.
    File { file: Open, offset: u64 },
}

/// Something to write to.
pub(super) enum Output {
    /// The run's log.
    Log(Channel),
    /// A file from a place on, or at its end wherever that is.
    File { file: Open, offset: Option<u64> },
}

impl Held for Input {
    fn let_go(self, scratch: &mut Scratch) {
        if let Self::File { file, .. } = self {
            scratch.close(&file);
        }
    }
}

impl Held for Output {
    fn let_go(self, scratch: &mut Scratch) {
        if let Self::File { file, .. } = self {
            scratch.close(&file);
        }
    }
}

/// How an operation on a stream failed.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
pub(super) enum StreamError {
    /// By itself.
    #[component(name = "last-operation-failed")]
    Failed(Resource<Failure>),
    /// The stream is at its end.
    #[component(name = "closed")]
    Closed,
}

type Streamed<T> = Result<T, StreamError>;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut streams = linker.instance(&name("io/streams"))?;
    define_resource::<Input>(&mut streams, "input-stream")?;
    define_resource::<Output>(&mut streams, "output-stream")?;
    for function in ["read", "blocking-read"] {
        let name = format!("[method]input-stream.{function}");
        define(&mut streams, &name, |host, (input, most): (Resource<Input>, u64)| Ok((read(host, &input, most)?,)))?;
    }
    for function in ["skip", "blocking-skip"] {
        let name = format!("[method]input-stream.{function}");
        define(&mut streams, &name, |host, (input, most): (Resource<Input>, u64)| {
            Ok((read(host, &input, most)?.map(|bytes| bytes.len() as u64),))
        })?;
    }
    define(&mut streams, "[method]input-stream.subscribe", |host, (_,): (Resource<Input>,)| {
        Ok((host.hold(Pollable::Ready)?,))
    })?;
    outputs(&mut streams)
}

fn outputs(streams: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    define(streams, "[method]output-stream.check-write", |_, (_,): (Resource<Output>,)| {
        Ok((Streamed::Ok(TRANSFER as u64),))
    })?;
    for (function, most) in [("write", TRANSFER), ("blocking-write-and-flush", AT_ONCE)] {
        let name = format!("[method]output-stream.{function}");
        define_waiting(streams, &name, move |mut host, (output, bytes): (Resource<Output>, Vec<u8>)| {
            Box::pin(async move { Ok((write(&mut host, &output, &bytes, most).await?,)) })
        })?;
    }
    for (function, most) in [("write-zeroes", TRANSFER), ("blocking-write-zeroes-and-flush", AT_ONCE)] {
        let name = format!("[method]output-stream.{function}");
        define_waiting(streams, &name, move |mut host, (output, length): (Resource<Output>, u64)| {
            Box::pin(async move {
                let zeroes = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(TRANSFER + 1)];
                Ok((write(&mut host, &output, &zeroes, most).await?,))
            })
        })?;
    }
    for function in ["flush", "blocking-flush"] {
        let name = format!("[method]output-stream.{function}");
        define(streams, &name, |_, (_,): (Resource<Output>,)| Ok((Streamed::Ok(()),)))?;
    }
    define(streams, "[method]output-stream.subscribe", |host, (_,): (Resource<Output>,)| {
        Ok((host.hold(Pollable::Ready)?,))
    })?;
    for function in ["splice", "blocking-splice"] {
        let name = format!("[method]output-stream.{function}");
        define_waiting(streams, &name, |mut host, (output, input, most): (Resource<Output>, Resource<Input>, u64)| {
            Box::pin(async move {
                let bytes = match read(&mut host, &input, most)? {
                    Ok(bytes) => bytes,
                    Err(error) => return Ok((Err(error),)),
                };
                let written = write(&mut host, &output, &bytes, TRANSFER).await?;
                Ok((written.map(|()| bytes.len() as u64),))
            })
        })?;
    }
    Ok(())
}

/// At most so many bytes; the end of a file is the end of the stream.
fn read(host: &mut Host<'_>, input: &Resource<Input>, most: u64) -> wasmtime::Result<Streamed<Vec<u8>>> {
    let wasi = host.wasi();
    let (Input::File { file, offset }, Some(scratch)) = (wasi.table.get_mut(input)?, &mut wasi.scratch) else {
        return Ok(Err(StreamError::Closed));
    };
    match scratch.read(file, *offset, most) {
        Ok(bytes) if bytes.is_empty() && most > 0 => Ok(Err(StreamError::Closed)),
        Ok(bytes) => {
            *offset = offset.saturating_add(bytes.len() as u64);
            host.charge(bytes.len())?;
            Ok(Ok(bytes))
        }
        Err(code) => failed(host, code),
    }
}

async fn write(
    host: &mut Host<'_>,
    output: &Resource<Output>,
    bytes: &[u8],
    most: usize,
) -> wasmtime::Result<Streamed<()>> {
    if bytes.len() > most {
        return breach(format!("{} bytes are more than the {most} that one write takes", bytes.len()));
    }
    host.charge(bytes.len())?;
    let wasi = host.wasi();
    let written = match (wasi.table.get_mut(output)?, &mut wasi.scratch) {
        (Output::Log(channel), _) => {
            let channel = *channel;
            return match stdio::write(host, channel, bytes).await? {
                Ok(()) => Ok(Ok(())),
                Err(words) => Ok(Err(StreamError::Failed(host.hold(Failure { words, code: None })?))),
            };
        }
        (Output::File { file, offset }, Some(scratch)) => scratch.write(file, *offset, bytes).map(|end| {
            if offset.is_some() {
                *offset = Some(end);
            }
        }),
        (Output::File { .. }, None) => Err(ErrorCode::Io),
    };
    match written {
        Ok(()) => Ok(Ok(())),
        Err(code) => failed(host, code),
    }
}

fn failed<T>(host: &mut Host<'_>, code: ErrorCode) -> wasmtime::Result<Streamed<T>> {
    if let Some(refusal) = host.wasi().scratch.as_mut().and_then(|scratch| scratch.stop.take()) {
        return host.stop(refusal);
    }
    let words = format!("the scratch directory says: {code:?}");
    Ok(Err(StreamError::Failed(host.hold(Failure { words, code: Some(code) })?)))
}
