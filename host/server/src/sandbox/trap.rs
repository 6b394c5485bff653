//! Where a guest trapped: the functions of its own that were under way, by name where its component has names, with
//! their places in its bytes. No address of the host is among them. It doesn't know why it trapped.

use std::fmt::Write as _;

use wasmtime::WasmBacktrace;

/// Most functions that are named.
const FRAMES: usize = 12;
/// Most characters of a name. Names are the guest's own.
const NAME: usize = 120;

/// The functions that were under way, the innermost first: ` in inner (+0x2f), called by outer (+0x11)`. Empty where
/// there were none.
pub(super) fn place(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return String::new() };
    let frames = backtrace.frames().iter().map(|frame| {
        let name = frame.func_name().map_or_else(|| format!("function {}", frame.func_index()), readable);
        (name, frame.module_offset())
    });
    told(frames)
}

/// The frames in words. A function that calls itself again and again is named once.
fn told(frames: impl Iterator<Item = (String, Option<usize>)>) -> String {
    let mut folded: Vec<(String, Option<usize>, usize)> = Vec::new();
    for (name, offset) in frames {
        match folded.last_mut() {
            Some((last, _, times)) if *last == name => *times = times.saturating_add(1),
            _ => folded.push((name, offset, 1)),
        }
    }
    let mut words = String::new();
    for (at, (name, offset, times)) in folded.iter().take(FRAMES).enumerate() {
        words.push_str(if at == 0 { " in " } else { ", called by " });
        words.push_str(name);
        if let Some(offset) = offset {
            let _infallible = write!(words, " (+{offset:#x})");
        }
        if *times > 1 {
            let _infallible = write!(words, " {times} times over");
        }
    }
    if let Some(more) = folded.len().checked_sub(FRAMES).filter(|more| *more > 0) {
        let _infallible = write!(words, ", and {more} more");
    }
    words
}

/// A name as its author wrote it, without what could move a terminal's cursor.
fn readable(name: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(name));
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::{readable, told};

    #[test]
    fn a_function_that_calls_itself_is_named_once() {
        let frame = |name: &str, offset| (name.to_owned(), offset);
        let frames = [frame("deeper", None), frame("deeper", Some(16)), frame("run", Some(1))];
        assert_eq!(told(frames.into_iter()), " in deeper 2 times over, called by run (+0x1)");
        assert_eq!(told((0..20).map(|at| frame(&at.to_string(), None))).matches(", ").count(), 12);
        assert_eq!(told(std::iter::empty()), "");
    }

    #[test]
    fn names_are_readable_and_harmless() {
        assert_eq!(readable("_ZN4core9panicking5panic17h0123456789abcdefE"), "core::panicking::panic");
        assert_eq!(readable("\u{1b}[2J"), "\u{fffd}[2J");
        assert_eq!(readable(&"x".repeat(500)).len(), 120);
    }
}
