//! Why a pack is refused: a sentence and a code for each reason. It doesn't know where the pack came from.

use crate::budget::written;
use crate::id::{AgentName, Digest};
use crate::policy::PolicyError;

/// Why a pack is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Neither manifest nor signature.
    #[error("sign the pack with `casemate policy sign`: it has no signature")]
    Unsigned,
    /// A manifest and no signature.
    #[error("get the pack anew: its signature was removed, the manifest is still there")]
    SignatureRemoved,
    /// A signature and no manifest.
    #[error("get the pack anew: its manifest was removed, the signature is still there")]
    ManifestRemoved,
    /// The signature's key is not trusted here.
    #[error("trust the key `{0}` with `casemate policy trust` if it may sign packs for this host: nobody said so yet")]
    KeyUnknown(String),
    /// The signature's key signs no packs any more.
    #[error("sign the pack anew: the key `{0}` was rotated, and its overlap is over")]
    KeyRetired(String),
    /// The signature is not the key's over these bytes.
    #[error("get the pack anew: its signature is not that of its manifest")]
    Signature,
    /// The manifest is not written as `casemate policy sign` writes it.
    #[error("sign the pack anew: {0}")]
    Manifest(&'static str),
    /// A file that the manifest doesn't have.
    #[error("remove `{0}` from the pack, or sign the pack with it: the manifest doesn't name it")]
    FileExtra(String),
    /// A file that the manifest has and the pack doesn't.
    #[error("put `{0}` back into the pack: the manifest names it")]
    FileMissing(String),
    /// A file with other bytes than those that were signed.
    #[error("put `{0}` back as it was signed, or sign the pack anew: the file was changed")]
    FileChanged(String),
    /// The pack's time is over.
    #[error("renew the pack and sign it: it expired on {}", written(*.0))]
    Expired(u64),
    /// The pack comes from the future.
    #[error("set the clock of this host or of the signer's: the pack was signed on {}, which is yet to come", written(*.0))]
    NotYet(u64),
    /// An older version than one that was active here.
    #[error("raise `version` of `{id}` above {highest}: version {version} is older than what was active here")]
    Rollback {
        /// Which pack.
        id: AgentName,
        /// The version that was offered.
        version: u64,
        /// The highest that was ever active.
        highest: u64,
    },
    /// The same version with other contents.
    #[error("raise `version` of `{id}`: version {version} was active here with other contents, {}", short(*.known))]
    Duplicate {
        /// Which pack.
        id: AgentName,
        /// The version.
        version: u64,
        /// Digest of the one that was active.
        known: Digest,
    },
    /// Two packs with one id.
    #[error("give one of the two packs another id: `{0}` and `{1}` have the same")]
    SameId(String, String),
    /// Another pack than the one that is asked for.
    #[error("restore the pack from its copy: it is not the one with the digest {}", short(*.0))]
    Other(Digest),
    /// A file's name that no pack can have.
    #[error("rename `{0}`: files of a pack have names in a-z, 0-9, '-', '_' and '.', in the pack or one folder of it")]
    Name(String),
    /// A file that means nothing in a pack.
    #[error(
        "remove `{0}`: a pack has pack.toml, policy.toml, rules.cedar, README.md and tests/*.toml, and nothing else"
    )]
    FileUnknown(String),
    /// Not a plain file.
    #[error("replace `{0}` by a plain file: a pack has no links, pipes or devices")]
    FileKind(String),
    /// A file that is too large.
    #[error("shorten `{0}` to at most 65536 bytes")]
    FileTooLarge(String),
    /// More files than a pack may have.
    #[error("remove files from the pack: it may have at most 64")]
    TooMany,
    /// More bytes than a pack may have.
    #[error("shorten the files of the pack: together they may have at most 1048576 bytes")]
    TooLarge,
    /// A file that every pack has.
    #[error("add `{0}` to the pack")]
    FileNeeded(&'static str),
    /// A file that is no text.
    #[error("save `{0}` as UTF-8")]
    Text(String),
    /// pack.toml or a decision test is not TOML, or has unknown or missing fields.
    #[error("correct `{file}`")]
    Syntax {
        /// Which.
        file: String,
        /// Why.
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// A field of pack.toml or of a decision test that can't be.
    #[error("correct `{file}`: {what}")]
    Field {
        /// Which.
        file: String,
        /// What must be.
        what: String,
    },
    /// The policy.
    #[error("correct `{file}` of the pack")]
    Policy {
        /// Which.
        file: &'static str,
        /// Why.
        #[source]
        cause: PolicyError,
    },
    /// A list of trusted keys with a line that is none.
    #[error("write line {0} of the trusted keys as `name+hash+key`, as `casemate policy trust` does")]
    TrustedKeys(usize),
    /// The pack can't be signed.
    #[error("check the signing key")]
    Key(#[from] casemate_keys::KeyError),
}

impl PackError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unsigned => "pack-unsigned",
            Self::SignatureRemoved => "pack-signature-removed",
            Self::ManifestRemoved => "pack-manifest-removed",
            Self::KeyUnknown(_) => "pack-key-unknown",
            Self::KeyRetired(_) => "pack-key-retired",
            Self::Signature => "pack-signature",
            Self::Manifest(_) => "pack-manifest",
            Self::FileExtra(_) => "pack-file-extra",
            Self::FileMissing(_) => "pack-file-missing",
            Self::FileChanged(_) => "pack-file-changed",
            Self::Expired(_) => "pack-expired",
            Self::NotYet(_) => "pack-not-yet",
            Self::Rollback { .. } => "pack-rollback",
            Self::Duplicate { .. } | Self::SameId(..) => "pack-duplicate",
            Self::Other(_) => "pack-other",
            Self::Name(_) => "pack-file-name",
            Self::FileUnknown(_) => "pack-file-unknown",
            Self::FileKind(_) => "pack-file-kind",
            Self::FileTooLarge(_) | Self::TooMany | Self::TooLarge => "pack-too-large",
            Self::FileNeeded(_) => "pack-file-needed",
            Self::Text(_) => "pack-text",
            Self::Syntax { .. } => "pack-syntax",
            Self::Field { .. } => "pack-field",
            Self::Policy { cause, .. } => cause.code(),
            Self::TrustedKeys(_) => "pack-trusted-keys",
            Self::Key(error) => error.code(),
        }
    }
}

/// The first digits of a digest, for people.
fn short(digest: Digest) -> String {
    digest.to_string().chars().take(12).collect()
}
