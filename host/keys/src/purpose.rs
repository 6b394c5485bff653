//! What keys and sealed records are for. The texts are part of what is authenticated and never change. It doesn't know
//! who has which key.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a data key of a tenant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// MACs over compiled code; the host's.
    CompiledCode,
    /// Seeds of signing keys; the host's.
    SigningSeed,
    /// Tokens in place of personal data.
    Token,
}

impl Use {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CompiledCode => "compiled-code",
            Self::SigningSeed => "signing-seed",
            Self::Token => "token",
        }
    }
}

/// What a sealed record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A frame of a run's journal and ledger, under the run's key.
    Frame,
    /// What a person said to a call of a run, under the run's key.
    Approval,
    /// A record under a data key of the tenant.
    Data(Use),
    /// A tenant's key, under the wrapper's.
    TenantKey,
    /// A data key, under the tenant's.
    DataKey(Use),
    /// A run's key, under the tenant's.
    RunKey,
    /// A key of one subject's data, under the tenant's.
    SubjectKey,
}

impl Purpose {
    pub(crate) const fn label(self) -> &'static [u8] {
        match self {
            Self::Frame => b"frame",
            Self::Approval => b"approval",
            Self::Data(Use::CompiledCode) => b"data/compiled-code",
            Self::Data(Use::SigningSeed) => b"data/signing-seed",
            Self::Data(Use::Token) => b"data/token",
            Self::TenantKey => b"tenant-key",
            Self::DataKey(Use::CompiledCode) => b"data-key/compiled-code",
            Self::DataKey(Use::SigningSeed) => b"data-key/signing-seed",
            Self::DataKey(Use::Token) => b"data-key/token",
            Self::RunKey => b"run-key",
            Self::SubjectKey => b"subject-key",
        }
    }
}

/// Where a sealed record belongs: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The tenant; nil for the host's own records.
    pub tenant: Uuid,
    /// What it is for.
    pub purpose: Purpose,
    /// Which of its kind.
    pub id: Uuid,
    /// Its place among records with one id; 0 where there is one only.
    pub part: u64,
}

impl Context {
    /// Tenant ‖ length of purpose ‖ purpose ‖ id ‖ part ‖ header: all but the purpose have a fixed length.
    pub(crate) fn associated(&self, header: &[u8]) -> Vec<u8> {
        let label = self.purpose.label();
        let mut aad = Vec::with_capacity(16 + 8 + label.len() + 16 + 8 + header.len());
        aad.extend_from_slice(self.tenant.as_bytes());
        aad.extend_from_slice(&(label.len() as u64).to_be_bytes());
        aad.extend_from_slice(label);
        aad.extend_from_slice(self.id.as_bytes());
        aad.extend_from_slice(&self.part.to_be_bytes());
        aad.extend_from_slice(header);
        aad
    }
}
