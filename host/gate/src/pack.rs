//! Policy packs: a policy with its decision tests under an id, a rising version and an expiry, signed as a whole, so that
//! whoever applies it knows who vouches for every byte of it. Nothing of a pack is parsed before its signature and the
//! hash of each of its files are checked. It reads no directory and no clock, and doesn't know which pack is active.

mod builtin;
mod case;
mod diff;
mod error;
mod files;
mod keys;
mod known;
mod manifest;
mod sign;
mod signature;
mod source;
mod verify;

pub use builtin::builtin;
pub use case::{Answer, Case, Expected};
pub use diff::{Difference, diff};
pub use error::PackError;
pub use files::{FILE_BYTES, FILES, Files, NAME_BYTES, PACK_BYTES};
pub use keys::TrustedKeys;
pub use known::Known;
pub use manifest::{MANIFEST, Manifest};
pub use sign::sign;
pub use signature::SIGNATURE;
pub use source::Source;
pub use verify::{Pack, Unverified, Verified};

#[cfg(test)]
mod tests;
