//! The standard streams: nothing to read, and what is written crosses line by line as `log.emit`, so that it is screened
//! for personal data, charged and on record like any other line. It doesn't know what is logged.

use casemate_gate::Request;
use casemate_gate::call::Level;
use wasmtime::component::Linker;
use wasmtime::{AsContextMut as _, Store};

use super::call::{Host, define};
use super::streams::{Input, Output};
use super::{Guest, Wasi, name};

/// Most bytes of one line; a longer one is cut. Bytes that are no UTF-8 take three in the log, whose lines have
/// 16 KiB at most.
const LINE: usize = casemate_abi::limits::LOG_MESSAGE_BYTES / 4;

/// Which standard stream is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Output,
    Errors,
}

/// What was written after the last line's end.
pub(super) struct Line {
    level: Level,
    bytes: Vec<u8>,
}

impl Line {
    pub(super) const fn new(level: Level) -> Self {
        Self { level, bytes: Vec::new() }
    }

    /// Takes up bytes to the end of the line, and says how many and whether the line is whole.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        let room = LINE.saturating_sub(self.bytes.len());
        let until = bytes.iter().take(room).position(|byte| *byte == b'\n');
        let taken = until.unwrap_or(room.min(bytes.len()));
        self.bytes.extend(bytes.iter().take(taken));
        match until {
            Some(_) => (taken + 1, true),
            None => (taken, self.bytes.len() >= LINE),
        }
    }

    /// The line, if there is anything in it. One that was cut is cut between characters.
    fn whole(&mut self) -> Option<String> {
        let mut line = std::mem::take(&mut self.bytes);
        if line.len() >= LINE {
            let cut = (line.len().saturating_sub(3)..line.len())
                .rev()
                .find(|at| line.get(*at).is_some_and(|byte| *byte & 0b1100_0000 != 0b1000_0000));
            let begins = cut.filter(|at| line.get(*at).is_some_and(|byte| *byte >= 0b1100_0000));
            if let Some(at) = begins {
                self.bytes = line.split_off(at);
            }
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.strip_suffix('\r').unwrap_or(&text);
        if text.is_empty() { None } else { Some(text.to_owned()) }
    }
}

impl Wasi {
    fn line(&mut self, channel: Channel) -> &mut Line {
        match channel {
            Channel::Output => &mut self.output,
            Channel::Errors => &mut self.errors,
        }
    }
}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    define(&mut linker.instance(&name("cli/stdin"))?, "get-stdin", |host, (): ()| Ok((host.hold(Input::Nothing)?,)))?;
    for (interface, function, channel) in
        [("cli/stdout", "get-stdout", Channel::Output), ("cli/stderr", "get-stderr", Channel::Errors)]
    {
        define(&mut linker.instance(&name(interface))?, function, move |host, (): ()| {
            open(host, channel)?;
            Ok((host.hold(Output::Log(channel))?,))
        })?;
    }
    Ok(())
}

/// Charges the line that the host will hold, once.
fn open(host: &mut Host<'_>, channel: Channel) -> wasmtime::Result<()> {
    if host.wasi().may_log && host.wasi().line(channel).bytes.capacity() < LINE {
        host.take(LINE as u64)?;
        host.wasi().line(channel).bytes.reserve_exact(LINE);
    }
    Ok(())
}

/// Logs the lines that are whole. The words of a refusal are for the guest: it may write on.
pub(super) async fn write(host: &mut Host<'_>, channel: Channel, bytes: &[u8]) -> wasmtime::Result<Result<(), String>> {
    if !host.wasi().may_log {
        return Ok(Ok(()));
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        let line = host.wasi().line(channel);
        let (taken, whole) = line.take(rest);
        rest = rest.get(taken..).unwrap_or_default();
        let level = line.level;
        let Some(message) = whole.then(|| line.whole()).flatten() else { continue };
        if let Err(words) = host.cross(Request::LogEmit { level, message }).await? {
            return Ok(Err(words));
        }
    }
    Ok(Ok(()))
}

/// Logs what has no line's end, once the guest has ended by itself.
pub(super) async fn finish(store: &mut Store<Guest>) {
    for channel in [Channel::Output, Channel::Errors] {
        let line = store.data_mut().wasi.line(channel);
        let level = line.level;
        let Some(message) = line.whole() else { continue };
        let guest = store.data();
        if guest.ended.is_some() || guest.limiter.stop.is_some() {
            return;
        }
        // A run that ends by this has its reason in the guest's state; a refusal is on record and has nobody to hear it.
        let crossing = crate::sandbox::imports::cross(store.as_context_mut(), Request::LogEmit { level, message });
        // Boxed, since hardly any run needs room for it.
        let _told = Box::pin(crossing).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE, Level, Line};

    fn lines(writes: &[&[u8]]) -> Vec<String> {
        let mut line = Line::new(Level::Info);
        let mut lines = Vec::new();
        for bytes in writes {
            let mut rest = *bytes;
            while !rest.is_empty() {
                let (taken, whole) = line.take(rest);
                rest = &rest[taken..];
                lines.extend(whole.then(|| line.whole()).flatten());
            }
        }
        lines.extend(line.whole());
        lines
    }

    #[test]
    fn lines_are_put_together_from_any_pieces() {
        assert_eq!(lines(&[b"one\ntw", b"o\r\n\n", b"", b"three"]), ["one", "two", "three"]);
        assert_eq!(lines(&[b"\n\n\n"]), [""; 0]);
        assert_eq!(lines(&[&[0xff, b'\n']]), ["\u{fffd}"]);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        for character in ["x", "é", "€", "😀"] {
            let long = character.repeat(LINE);
            let cut = lines(&[b"a", long.as_bytes(), b"\n"]);
            assert_eq!(cut.concat(), format!("a{long}"), "nothing is lost");
            assert!(cut.iter().all(|line| line.len() <= LINE && !line.contains('\u{fffd}')));
        }
        let noise = vec![0x80; 3 * LINE];
        assert!(lines(&[&noise]).iter().all(|line| line.len() <= casemate_abi::limits::LOG_MESSAGE_BYTES));
    }
}
