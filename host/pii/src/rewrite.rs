//! Rewriting: puts tokens where personal data stands, and values back where tokens stand.
//!
//! Knows which places to cut. Which token stands for a value, and which may be turned back, is the caller's.

mod document;
mod text;

pub use document::{MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_NODES, json};
pub use text::{Rewritten, text};

use crate::{Match, Mode, Token, token::find_tokens};

/// Makes tokens: the gate does it with keyed codes and a vault.
pub trait Tokenizer {
    /// The token for `m`, whose text as it stood is `original`. `mode` is never [`Mode::FlagOnly`]. The same
    /// class and canonical value should get the same token.
    fn token(&mut self, m: &Match, original: &str, mode: Mode) -> Token;
}

/// Puts back a value for each token that `value` has one for; other tokens stay as they are written. What is put
/// back is not searched for tokens again.
pub fn reveal(text: &str, value: &mut dyn FnMut(&Token) -> Option<String>) -> String {
    let mut revealed = String::with_capacity(text.len());
    let mut from = 0;
    for (span, token) in find_tokens(text) {
        if let Some(value) = value(&token) {
            revealed.push_str(text.get(from..span.start).unwrap_or_default());
            revealed.push_str(&value);
            from = span.end;
        }
    }
    revealed.push_str(text.get(from..).unwrap_or_default());
    revealed
}

#[cfg(test)]
mod tests;
