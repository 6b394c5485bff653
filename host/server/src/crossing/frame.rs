//! The journal's frames and their codec: what a run needs to go on, as closed enums. The only file that names
//! bincode; its format is pinned by golden files. It doesn't know how frames are sealed or where they are kept.

use casemate_abi::Code;
use casemate_gate::vault::VaultRecord;
use casemate_gate::{AgentName, Digest, Refusal, Reply, Request};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// First byte of every encoded frame. A change of the format takes the next number and keeps reading this one.
const VERSION: u8 = 1;

/// Most bytes of one encoded frame: sealed, it must fit into a payload of the ledger (1 MiB).
const FRAME_BYTES: usize = 1024 * 1024 - 1024;

/// One record of a run. Variants are appended, never reordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The run begins.
    Start(Start),
    /// A call without an effect, and what came of it; a refused call too.
    Call {
        /// When it was answered.
        stamp: Stamp,
        /// Keyed digest of the request as the guest made it.
        asked: [u8; 32],
        /// The request as it was screened; none when it was refused before that.
        request: Option<Request>,
        /// What the guest was answered.
        result: Answered,
        /// Vault records that were made for it.
        vault: Vec<VaultRecord>,
    },
    /// A call with an effect is about to happen.
    Intent {
        /// When it was recorded.
        stamp: Stamp,
        /// Keyed digest of the request as the guest made it.
        asked: [u8; 32],
        /// The request as it was screened.
        request: Request,
        /// Vault records that were made for it.
        vault: Vec<VaultRecord>,
    },
    /// What came of an intent.
    Outcome {
        /// When.
        stamp: Stamp,
        /// What the guest was answered.
        result: Answered,
        /// Vault records that were made for the answer.
        vault: Vec<VaultRecord>,
    },
    /// The run gives up its memory until a time.
    Wait {
        /// When it was recorded.
        stamp: Stamp,
        /// Keyed digest of the request as the guest made it.
        asked: [u8; 32],
        /// Milliseconds since 1970-01-01T00:00:00Z.
        until_ms: u64,
    },
    /// The run ended.
    End {
        /// When.
        stamp: Stamp,
        /// Its result document, or why there is none.
        result: Result<String, Refused>,
    },
    /// The run ended, and what the guest said is on record by a digest too.
    Ended {
        /// When.
        stamp: Stamp,
        /// Its result document without personal data, or why there is none.
        result: Result<String, Refused>,
        /// Keyed digest of the end before personal data was taken out.
        said: [u8; 32],
    },
    /// A call waits for a person's word, and the run gives up its memory until it is said or a time.
    Asked {
        /// When it was recorded.
        stamp: Stamp,
        /// Keyed digest of the request as the guest made it.
        asked: [u8; 32],
        /// The request as it was screened: what the person is shown.
        request: Request,
        /// Id of the approval.
        approval: Uuid,
        /// Milliseconds since 1970-01-01T00:00:00Z.
        until_ms: u64,
        /// Keyed digest of what the approval will be for.
        bound: [u8; 32],
    },
}

/// How a run ended, as one of its frames says it.
#[derive(Debug, Clone, Copy)]
pub struct End<'f> {
    /// When.
    pub stamp: Stamp,
    /// The result document without personal data, or why there is none.
    pub result: &'f Result<String, Refused>,
    /// Keyed digest of the end before personal data was taken out; a run of an older host has none.
    pub said: Option<&'f [u8; 32]>,
}

/// What a call was answered.
pub type Answered = Result<Reply, Refused>;

/// The run's circumstances, which a replay must find again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: u64,
    /// Which agent.
    pub agent: AgentName,
    /// SHA-256 of its component.
    pub component: Digest,
    /// SHA-256 of the policy.
    pub policy: Digest,
    /// Deterministic profile of the engine under which it runs.
    pub profile: String,
    /// The input document as the guest sees it.
    pub input: String,
    /// Seed of the run's randomness.
    pub seed: [u8; 32],
    /// Fuel that it may burn.
    pub fuel: u64,
    /// Vault records that were made for the input.
    pub vault: Vec<VaultRecord>,
}

/// When a frame was made, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: u64,
    /// Fuel that the run had burned.
    pub fuel_used: u64,
}

/// A refusal as the guest saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    code: u16,
    message: String,
}

impl Refused {
    /// The number of the refusal.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.code
    }
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Self {
        Self { code: refusal.code() as u16, message: refusal.message().to_owned() }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::new(Code::from_number(refused.code).unwrap_or(Code::RunFailed), refused.message)
    }
}

/// Why bytes are no frame, or a frame gives no bytes.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The frame's version byte is not one that this host reads.
    #[error("use a newer host: the journal has a frame of version {0:?}")]
    Version(Option<u8>),
    /// The bytes are damaged.
    #[error("restore the journal: a frame in it is damaged")]
    Damaged(#[source] bincode::error::DecodeError),
    /// The frame is larger than the ledger takes.
    #[error("send less in one call: its record would be too large")]
    TooLarge(#[source] bincode::error::EncodeError),
}

const fn format() -> bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<FRAME_BYTES>,
> {
    bincode::config::standard().with_limit::<FRAME_BYTES>()
}

impl Frame {
    /// The end, if it is that.
    #[must_use]
    pub const fn end(&self) -> Option<End<'_>> {
        match self {
            Self::End { stamp, result } => Some(End { stamp: *stamp, result, said: None }),
            Self::Ended { stamp, result, said } => Some(End { stamp: *stamp, result, said: Some(said) }),
            _ => None,
        }
    }

    /// The same without the values that tokens stand for. They take as many bytes as before, so that a replay counts the
    /// same memory.
    #[must_use]
    pub fn masked(mut self) -> Self {
        if let Self::Start(Start { vault, .. })
        | Self::Call { vault, .. }
        | Self::Intent { vault, .. }
        | Self::Outcome { vault, .. } = &mut self
        {
            vault.iter_mut().for_each(|record| *record = record.masked());
        }
        self
    }

    /// Encodes the frame: the version byte, then bincode's standard format (little endian, varint).
    ///
    /// # Errors
    /// [`FrameError::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let mut bytes = vec![VERSION];
        bincode::serde::encode_into_std_write(self, &mut bytes, format()).map_err(FrameError::TooLarge)?;
        Ok(bytes)
    }

    /// Decodes a frame; bytes after it are damage.
    ///
    /// # Errors
    /// [`FrameError::Version`] and [`FrameError::Damaged`].
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        match bytes.split_first() {
            Some((&VERSION, body)) => {
                let (frame, read) = bincode::serde::decode_from_slice(body, format()).map_err(FrameError::Damaged)?;
                if read == body.len() {
                    Ok(frame)
                } else {
                    Err(FrameError::Damaged(bincode::error::DecodeError::Other("bytes after the frame")))
                }
            }
            other => Err(FrameError::Version(other.map(|(version, _)| *version))),
        }
    }
}

/// The request in the canonical form over which its digest is made.
///
/// # Errors
/// [`FrameError::TooLarge`].
pub fn canonical(request: &Request) -> Result<Vec<u8>, FrameError> {
    bincode::serde::encode_to_vec(request, format()).map_err(FrameError::TooLarge)
}

#[cfg(test)]
mod tests;
