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
        let mut bytes = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut own = Zeroizing::new([0; 32]);
        if bytes.len() != own.len() {
            return Err(KeyError::Length(bytes.len()));
        }
        own.copy_from_slice(bytes);
        Ok(Self(own))
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
