//! Takes memory page by page, writes to each, and keeps it: for tests of the memory budget. When `memory.grow`
//! says no it returns how much it got, or, if its input says so, aborts as ordinary Rust does.

use casemate::{Refusal, log};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    /// Bytes of one piece; a page of WebAssembly by default.
    #[serde(default = "page")]
    piece: usize,
    /// Stop after so many bytes; never by default.
    #[serde(default = "no_limit")]
    limit: usize,
    /// Abort when there is no more, instead of returning.
    #[serde(default)]
    abort: bool,
}

#[derive(Serialize)]
struct Output {
    /// Bytes that it got.
    taken: usize,
    /// Whether it was told that there is no more.
    exhausted: bool,
}

const fn page() -> usize {
    65_536
}

const fn no_limit() -> usize {
    usize::MAX
}

#[casemate::agent]
fn run(input: Input) -> Result<Output, Refusal> {
    log::info("hungry")?;
    let mut pieces = Vec::new();
    let mut taken = 0_usize;
    let mut exhausted = false;
    while taken < input.limit && !exhausted {
        match take(&input) {
            Some(piece) => {
                taken = taken.saturating_add(piece.len());
                pieces.push(piece);
            }
            None => exhausted = true,
        }
    }
    drop(pieces);
    Ok(Output { taken, exhausted })
}

/// One piece, every byte of it written.
fn take(input: &Input) -> Option<Vec<u8>> {
    let mut piece = Vec::new();
    if input.abort {
        piece.reserve_exact(input.piece);
    } else {
        piece.try_reserve_exact(input.piece).ok()?;
    }
    piece.resize(input.piece, 0xa5);
    Some(piece)
}
