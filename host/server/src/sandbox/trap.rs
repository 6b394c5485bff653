//! Where a guest trapped: the functions of its own that were under way, by name where its component has names, with
//! their places in its bytes. No address of the host is among them. It doesn't know why it trapped.

use std::fmt::Write as _;

use wasmtime::WasmBacktrace;

/// Most functions that are named.
const FRAMES: usize = 12;
/// Most characters of a name. Names are the guest's own.
const NAME: usize = 120;

/// The functions that were under way, the innermost first: ` in inner (+0x2f), outer (+0x11)`. Empty where there were none.
pub(super) fn place(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return String::new() };
    let mut place = String::new();
    for (at, frame) in backtrace.frames().iter().take(FRAMES).enumerate() {
        place.push_str(if at == 0 { " in " } else { ", called by " });
        match frame.func_name() {
            Some(name) => place.push_str(&readable(name)),
            None => {
                let _infallible = write!(place, "function {}", frame.func_index());
            }
        }
        if let Some(offset) = frame.module_offset() {
            let _infallible = write!(place, " (+{offset:#x})");
        }
    }
    let more = backtrace.frames().len().saturating_sub(FRAMES);
    if more > 0 {
        let _infallible = write!(place, ", and {more} more");
    }
    place
}

/// A name as its author wrote it, without what could move a terminal's cursor.
fn readable(name: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(name));
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn names_are_readable_and_harmless() {
        assert_eq!(readable("_ZN4core9panicking5panic17h0123456789abcdefE"), "core::panicking::panic");
        assert_eq!(readable("\u{1b}[2J"), "\u{fffd}[2J");
        assert_eq!(readable(&"x".repeat(500)).len(), 120);
    }
}
