//! `casemate inspect` of every hostile guest: operators look at strangers' components before they run them, so a look
//! must be safe. It doesn't know what is shown.

use super::assemble;
use super::judged::HOST_BYTES;
use super::measured;
use super::script::all;
use crate::host::{Host, Tested};
use crate::said::text;

#[test]
fn a_look_is_safe() -> Tested {
    let host = Host::empty()?;
    let mut wrong = Vec::new();
    for guest in all()? {
        let path = host.file("stranger.wasm", assemble::component(&guest)?)?;
        // Looking up where a panic was takes the debug information of the whole program into memory.
        let mut command = host.command(&["inspect", &path])?;
        let measured = measured::run(&host, command.env("RUST_BACKTRACE", "0"))?;
        let said = &measured.said;
        let told = match said.status {
            Some(0) => !said.lines.is_empty(),
            Some(3) => text(&said.error()?, "/code").starts_with("component-"),
            _ => false,
        };
        if !told || measured.peak > HOST_BYTES {
            wrong.push(format!("{}: {} bytes, {said:?}", guest.name, measured.peak));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert!(!host.data().exists(), "nothing is made by looking");
    Ok(())
}
