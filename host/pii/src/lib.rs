//! The Sentinel: finds personal data in text and in JSON, says how sure it is, and rewrites it to tokens.
//!
//! It exists so that one piece of code, used by every gate, decides what counts as personal data. It does no
//! I/O, holds no key and reads no clock: where a token's bytes come from and whether a token may be turned back
//! is decided by the caller, through [`Tokenizer`].
//!
//! Five classes are found by form, checksum and context words: see [`Class`]. Two principles hold throughout:
//!
//! * A key or a context word may raise any score, but lowers only a match that is weak by its own form. A guest
//!   therefore cannot smuggle an address out by calling the field `request_id`.
//! * Nothing here prints a value: neither [`Match`] nor [`Finding`] shows one in its `Debug` form.
//!
//! ```
//! use casemate_pii::{Class, Match, Mode, Rules, Sentinel, Token, Tokenizer, rewrite};
//!
//! struct Fixed;
//! impl Tokenizer for Fixed {
//!     fn token(&mut self, found: &Match, _original: &str, _mode: Mode) -> Token {
//!         Token::new(found.class, [7; 10])
//!     }
//! }
//!
//! let done = rewrite::text(
//!     &Sentinel::new(),
//!     &Rules::new([(Class::Email, Mode::Reversible)]),
//!     "write to ada@example.org",
//!     None,
//!     &mut Fixed,
//! )?;
//! assert_eq!(done.text, format!("write to {}", Token::new(Class::Email, [7; 10])));
//! # Ok::<(), casemate_pii::TooLarge>(())
//! ```

mod channel;
mod class;
mod context;
mod detect;
mod finding;
mod fold;
mod hint;
pub mod rewrite;
mod rules;
mod sentinel;
pub mod token;

pub use channel::{Channel, ChannelRules};
pub use class::{Class, Confidence, Mode};
pub use finding::{Finding, Match, TooLarge};
pub use rewrite::{Rewritten, Tokenizer};
pub use rules::Rules;
pub use sentinel::{MAX_TEXT_BYTES, Sentinel};
pub use token::{ParseTokenError, Token, find_tokens};

#[cfg(test)]
mod tests;
