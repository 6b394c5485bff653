//! Thirty-two secret bytes that are wiped when they are dropped and never printed. It doesn't know what they are for.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::KeyError;

/// Fills an array with the system's randomness.
///
/// # Errors
/// [`KeyError::Library`] when the system has none.
pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(bytes)
}

/// Secret key bytes.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        random().map(Self::from)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        <[u8; 32]>::try_from(bytes).map(Self::from).map_err(|_| KeyError::Length(bytes.len()))
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Secret {
    fn from(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
