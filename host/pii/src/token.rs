//! Tokens: what stands in a text instead of personal data, such as `<EMAIL_7Q2M0V3K9T5W8XBCN>`.
//!
//! A token recognises itself by a check character, so that it is never replaced a second time, and is read
//! tolerantly, because models change case and drop brackets. Whether a token means anything, and to whom, is not
//! known here: anyone can make a well-formed one, so only the caller's vault says whether it was ever issued.

mod base32;
mod scan;

use std::{fmt, str::FromStr};

pub use scan::find_tokens;

use crate::Class;

/// Random or keyed bytes that a token is made of: 80 bits, exactly 16 characters of base32.
pub const ENTROPY_BYTES: usize = 10;

/// The stand-in for one value of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    class: Class,
    entropy: [u8; ENTROPY_BYTES],
}

impl Token {
    /// The token of `class` made of `entropy`, which the caller draws at random or computes with a key.
    #[must_use]
    pub const fn new(class: Class, entropy: [u8; ENTROPY_BYTES]) -> Self {
        Self { class, entropy }
    }

    /// The class that the token says it stands for.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The bytes that it is made of.
    #[must_use]
    pub const fn entropy(&self) -> [u8; ENTROPY_BYTES] {
        self.entropy
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}_", self.class)?;
        let digits = base32::encode(self.entropy);
        for digit in digits {
            write!(f, "{}", base32::symbol(digit))?;
        }
        let check = base32::check(self.class, digits);
        write!(f, "{}>", base32::symbol(check))
    }
}

/// A text is not one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct ParseTokenError;

impl FromStr for Token {
    type Err = ParseTokenError;

    /// Reads one token, in any case and with or without its brackets.
    ///
    /// # Errors
    ///
    /// [`ParseTokenError`] if the text, apart from white space around it, is not one whole token.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match find_tokens(text).as_slice() {
            [(span, token)] if *span == (0..text.len()) => Ok(*token),
            _ => Err(ParseTokenError),
        }
    }
}

#[cfg(test)]
mod tests;
