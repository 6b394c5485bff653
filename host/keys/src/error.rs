//! What can go wrong with keys, said so that the operator knows what to do. It never says which part of a sealed
//! record was wrong: an attacker could use it.

use std::io;
use std::path::PathBuf;

use crate::id::KeyId;

/// Why a key could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are not what was sealed under this key for this tenant, purpose and id.
    #[error("restore the record or the key with which it was sealed: it doesn't open")]
    DoesNotOpen,
    /// A key has another length than its algorithm needs.
    #[error("replace the key: it has {0} bytes and must have 32")]
    Length(usize),
    /// The key file is readable or writable by others.
    #[error("run `chmod 600` on {0}: others may read the host's key")]
    Permissions(PathBuf),
    /// The key file can't be read or written.
    #[error("make the key file {path} readable for this user")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The key file is damaged.
    #[error("restore the key file {0} from its copy: it is damaged")]
    Damaged(PathBuf),
    /// The key file is not there, and what was sealed under it is.
    #[error("restore the key file {0} from its copy: without it nothing that was sealed can be read")]
    Missing(PathBuf),
    /// Another process has changed the keys since they were read.
    #[error("try again: another process has changed the keys meanwhile")]
    Stale,
    /// The store of the keys is out of reach.
    #[error("repair the database that keeps the keys")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The shared keys are sealed under another key file.
    #[error("copy the key file of another host of this Postgres to {0}: the keys there are sealed under it")]
    Foreign(PathBuf),
    /// The directory has keys of its own, and others are shared.
    #[error("name another directory with --data: {0} holds other keys than the hosts of this Postgres share")]
    Other(PathBuf),
    /// There are no keys yet.
    #[error("add a tenant or run an agent first: there are no keys in {0} yet")]
    None(PathBuf),
    /// A key has sealed as often as it may.
    #[error("rotate the key {0} with `casemate keys rotate`: it has sealed as many records as it safely can")]
    Exhausted(KeyId),
    /// More keys than the ring holds, or more versions than there are numbers.
    #[error("rotate keys less often: the ring has no room for another key")]
    Full,
    /// A signing key's name can't stand in a signed note.
    #[error("name the signing key without spaces and without '+'")]
    KeyName,
    /// Not the text of a public key.
    #[error("give the public key as `name+hash+key`, the line that `casemate keys export-public` prints")]
    PublicKey,
    /// A signature that the key didn't make.
    #[error("get the signed bytes and the signature anew from who signed them: they don't belong together")]
    Signature,
    /// The system gave no randomness, or the cryptographic library failed.
    #[error("check the system's random number source: the cryptographic library failed")]
    Library,
}

impl KeyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DoesNotOpen => "keys-does-not-open",
            Self::Length(_) => "keys-length",
            Self::Permissions(_) => "keys-permissions",
            Self::File { .. } => "keys-file",
            Self::Damaged(_) => "keys-damaged",
            Self::Missing(_) => "keys-missing",
            Self::Stale => "keys-stale",
            Self::Store(_) => "keys-store",
            Self::Foreign(_) => "keys-foreign",
            Self::Other(_) => "keys-other",
            Self::None(_) => "keys-none",
            Self::Exhausted(_) => "keys-exhausted",
            Self::Full => "keys-full",
            Self::KeyName => "keys-name",
            Self::PublicKey => "keys-public",
            Self::Signature => "keys-signature",
            Self::Library => "keys-library",
        }
    }
}

impl From<aws_lc_rs::error::Unspecified> for KeyError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Library
    }
}
