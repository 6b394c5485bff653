//! Everything that seals, MACs or signs, behind one envelope codec, one key wrapper and one signer, so that a review
//! of Casemate's cryptography is a review of this crate. Algorithms are AWS-LC's. It doesn't know what the bytes
//! mean, nor any tenant's policy.

mod data_key;
mod envelope;
mod error;
mod mac;
mod secret;
mod signing;
mod wrapper;

pub use data_key::{Context, DataKey, Purpose};
pub use error::KeyError;
pub use mac::MacKey;
pub use secret::random;
pub use signing::{PublicKey, SigningKey};
pub use wrapper::{KeyWrapper, LocalKeyFile, WrappedKey};
