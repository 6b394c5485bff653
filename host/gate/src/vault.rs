//! The tokens of one run: how they are made and, for reversible ones, what they stand for. New records are taken out
//! by the crossing, which seals them into the frame that they commit with. It doesn't know where frames are kept.

use std::collections::HashMap;
use std::fmt;

use casemate_keys::{KeyError, MacKey};
use casemate_pii::{Match, Mode, Token, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::budget::HOSTED_VALUE;
use crate::id::RunId;

/// One value that a token stands for. Personal data: it leaves this process only sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultRecord {
    token: String,
    original: String,
}

impl VaultRecord {
    /// A record for a token whose value nobody here knows, as in a run that is repeated from a recording: it stands for
    /// itself, so that nothing is revealed by it.
    #[must_use]
    pub fn stand_in(token: Token) -> Self {
        Self { token: token.to_string(), original: token.to_string() }
    }

    /// The same without the value: as many bytes that say nothing, since a run's memory counts them.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self { token: self.token.clone(), original: "x".repeat(self.original.len()) }
    }
}

impl fmt::Debug for VaultRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultRecord").field("token", &self.token).finish_non_exhaustive()
    }
}

impl VaultRecord {
    /// Bytes that it takes, for budgets.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.token.len() + self.original.len()
    }
}

/// Makes the tokens of one run and keeps its vault.
#[derive(Debug)]
pub struct Vault {
    strict: MacKey,
    reversible: MacKey,
    originals: HashMap<Token, String>,
    fresh: Vec<VaultRecord>,
    /// Bytes of the originals, with what the host needs for each.
    bytes: u64,
}

impl Vault {
    /// An empty vault. Strict tokens differ from run to run, so that they link nothing across runs; reversible ones
    /// are the same for the same person as long as the tenant's key lives.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the cryptographic library fails.
    pub fn new(tenant_key: &MacKey, run: RunId) -> Result<Self, KeyError> {
        Ok(Self {
            strict: tenant_key.derive(&[b"pii-strict", run.as_uuid().as_bytes()])?,
            reversible: tenant_key.derive(&[b"pii-reversible"])?,
            originals: HashMap::new(),
            fresh: Vec::new(),
            bytes: 0,
        })
    }

    /// Takes the records that no frame carries yet.
    pub fn take_fresh(&mut self) -> Vec<VaultRecord> {
        std::mem::take(&mut self.fresh)
    }

    /// Puts back records that a frame of this run carried.
    pub fn restore(&mut self, records: Vec<VaultRecord>) {
        for VaultRecord { token, original } in records {
            if let Ok(token) = token.parse() {
                self.keep(token, original);
            }
        }
    }

    /// Bytes that the host holds for it, for budgets.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    fn keep(&mut self, token: Token, original: String) {
        let bytes = original.len() as u64 + HOSTED_VALUE;
        if self.originals.insert(token, original).is_none() {
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }

    pub(crate) fn original(&self, token: &Token) -> Option<&str> {
        self.originals.get(token).map(String::as_str)
    }
}

impl Tokenizer for Vault {
    fn token(&mut self, found: &Match, original: &str, mode: Mode) -> Token {
        let key = if mode == Mode::Reversible { &self.reversible } else { &self.strict };
        let tag = key.tag(&[found.class.as_str().as_bytes(), &[0], found.canonical.as_bytes()]);
        let entropy = tag.first_chunk().copied().unwrap_or_default();
        let token = Token::new(found.class, entropy);
        if mode == Mode::Reversible && !self.originals.contains_key(&token) {
            self.keep(token, original.to_owned());
            self.fresh.push(VaultRecord { token: token.to_string(), original: original.to_owned() });
        }
        token
    }
}
