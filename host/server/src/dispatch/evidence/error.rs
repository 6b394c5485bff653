//! Why evidence is not believed. It doesn't know where it was kept.

use std::error::Error;

use casemate_gate::Seq;

/// Why evidence is not believed.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The file doesn't begin as evidence does.
    #[error("name a file that `casemate evidence` or `casemate run --record` wrote: this is none")]
    Not,
    /// Another form than this host reads.
    #[error("read the evidence with the host that wrote it, or a newer one: its form is not known here")]
    Version,
    /// The file is not what was written.
    #[error("get the evidence again from whoever gave it: the file is damaged ({0})")]
    Damaged(&'static str),
    /// The file is whole, and its parts contradict each other.
    #[error("ask whoever made the evidence: what it says contradicts itself in {0}")]
    Inconsistent(&'static str),
    /// Its policy can't be read.
    #[error("ask whoever made the evidence: its policy can't be used")]
    Policy(#[source] Box<dyn Error + Send + Sync>),
    /// More than evidence may have.
    #[error("give the run less to say: its evidence would have more than {limit} bytes")]
    TooLarge {
        /// At most.
        limit: usize,
    },
    /// A key of another run.
    #[error("give the key that was written with this evidence: this is another run's")]
    Key,
    /// A record is not the one that was sealed.
    #[error("ask whoever made the evidence: the record of call {0} is not the one that is sealed in the log")]
    Sealed(Seq),
    /// The log has something else.
    #[error("ask whoever made the evidence: {why}, at call {seq}")]
    NotInLog {
        /// Which call.
        seq: Seq,
        /// In what it differs.
        why: &'static str,
    },
    /// The log can't be read.
    #[error("name a zone of the ledger that can be read")]
    Log(#[source] casemate_ledger::ReadError),
}

impl EvidenceError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Not => "evidence-not",
            Self::Version => "evidence-version",
            Self::Damaged(_) => "evidence-damaged",
            Self::Inconsistent(_) | Self::Policy(_) => "evidence-inconsistent",
            Self::TooLarge { .. } => "evidence-too-large",
            Self::Key => "evidence-key",
            Self::Sealed(_) => "evidence-not-sealed",
            Self::NotInLog { .. } => "evidence-not-in-log",
            Self::Log(error) => error.code(),
        }
    }
}
