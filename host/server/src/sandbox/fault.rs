//! An agent's panic: it ends the run by a refusal that says what and where. It is no call: it asks for nothing, so no
//! gate decides about it. Every word of it is the guest's own statement; it doesn't know whether it is true.

use casemate_abi::{Code, limits};
use casemate_gate::Refusal;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::guest::{Guest, Unwind};
use super::imports::{BYTE_FUEL, CALL_FUEL, charge};
use crate::crossing::Way;

/// Message, file, line, column.
type Panic = (String, String, u32, u32);

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.instance("casemate:agent/fault@0.1.0")?.func_wrap("panicked", panicked)
}

fn panicked(mut store: StoreContextMut<'_, Guest>, panic: Panic) -> wasmtime::Result<()> {
    let bytes = panic.0.len().saturating_add(panic.1.len()) as u64;
    charge(&mut store, CALL_FUEL.saturating_add(BYTE_FUEL.saturating_mul(bytes)))?;
    store.data_mut().ended = Some(Way::Stop(refusal(panic)));
    Err(wasmtime::Error::new(Unwind))
}

fn refusal((message, file, line, column): Panic) -> Refusal {
    let message = shortened(message, limits::PANIC_MESSAGE_BYTES);
    let file = shortened(file, limits::PANIC_FILE_BYTES);
    Refusal::new(Code::RunPanicked, format!("the agent panicked: {message} at {file}:{line}:{column}"))
}

fn shortened(mut words: String, most: usize) -> String {
    if words.len() > most {
        words.truncate((0..=most).rev().find(|end| words.is_char_boundary(*end)).unwrap_or_default());
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::refusal;
    use casemate_abi::Code;

    #[test]
    fn a_panic_names_its_place_and_is_short() {
        let told = refusal(("no such case".to_owned(), "src/lib.rs".to_owned(), 12, 5));
        assert_eq!(told.code(), Code::RunPanicked);
        assert_eq!(told.message(), "the agent panicked: no such case at src/lib.rs:12:5");
        let flood = refusal(("é".repeat(1_000_000), "x/".repeat(1_000_000), u32::MAX, u32::MAX));
        assert!(flood.message().len() < 2048 + 256 + 100, "{}", flood.message().len());
        assert!(flood.message().ends_with("…:4294967295:4294967295"));
    }
}
