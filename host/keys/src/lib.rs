//! Everything that seals, MACs or signs, behind one envelope codec, one ring of keys, one wrapper and one signer, so that
//! a review of Casemate's cryptography is a review of this crate. Algorithms are AWS-LC's. It doesn't know what the
//! bytes mean, nor any tenant's policy. docs/keys.md shows what is sealed under what.

mod data_key;
mod document;
mod envelope;
mod error;
mod file;
mod id;
mod local;
mod mac;
mod purpose;
mod ring;
mod scram;
mod seals;
mod secret;
mod signing;
mod signing_keys;
mod store;
mod wrapper;

#[cfg(test)]
mod tests;

pub use data_key::{DataKey, WrappedKey};
pub use document::{KeyChange, KeyRef};
pub use error::KeyError;
pub use id::KeyId;
pub use local::LocalKeyFile;
pub use mac::MacKey;
pub use purpose::{Context, Purpose, Use};
pub use ring::{Clock, KeyEntry, KeyRing, RunKey, is_under, ring_id};
pub use scram::scram_secret;
pub use seals::Limits;
pub use secret::random;
pub use signing::{PublicKey, SigningKey};
pub use signing_keys::{OVERLAP_MS, PublicSigningKey, SigningKeyState, SigningKeys, SigningKind, list, signing_key};
pub use store::{FileStore, KeyStore, MemoryStore};
pub use wrapper::{Description, KeyWrapper, Root};
