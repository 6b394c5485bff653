//! The host's half of the signed claim: the keys of this start and the tokens made with them. It doesn't know which
//! claims are true (the gates do) nor how the database checks them (`migrations/0001_claims.sql`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casemate_gate::rls::Scope;
use casemate_keys::{KeyError, MacKey};
use uuid::Uuid;

/// How long a token outlives the transaction's deadline: the clocks of host and database may differ by that much.
const SLACK: Duration = Duration::from_secs(60);

/// This start's keys. The database holds the same two, and one for the seal that nobody else has.
#[derive(Debug)]
pub(crate) struct Keyring {
    id: String,
    claims: MacKey,
    journal: MacKey,
}

impl Keyring {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let id = hex::encode(casemate_keys::random::<8>()?);
        Ok(Self { id, claims: MacKey::generate()?, journal: MacKey::generate()? })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn claims_key(&self) -> &[u8] {
        self.claims.expose()
    }

    pub(crate) fn journal_key(&self) -> &[u8] {
        self.journal.expose()
    }

    /// A token that opens a transaction of this scope within `lifetime`. Only `[A-Za-z0-9_.-]`: needs no quoting.
    pub(crate) fn token(&self, scope: &Scope, lifetime: Duration) -> Result<String, KeyError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the expiry is checked by Postgres against the same machine's clock"
        )]
        let now = SystemTime::now();
        self.sign(scope.claims_json().as_bytes(), now + lifetime + SLACK)
    }

    pub(crate) fn sign(&self, claims: &[u8], expiry: SystemTime) -> Result<String, KeyError> {
        let seconds = expiry.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let nonce = hex::encode(casemate_keys::random::<16>()?);
        let body = format!("{}.{}.{seconds}.{nonce}", self.id, URL_SAFE_NO_PAD.encode(claims));
        let tag = self.claims.tag(&[b"casemate-claims-v1.", body.as_bytes()]);
        Ok(format!("{body}.{}", hex::encode(tag)))
    }

    /// The tag of runs' beginnings: every argument, each delimited.
    pub(crate) fn begin_tag(&self, tenant: &str, runs: &[Uuid], frames: &[Vec<u8>]) -> [u8; 32] {
        let heads: Vec<String> =
            runs.iter().zip(frames).map(|(run, frame)| format!("|{run}:{}|", frame.len())).collect();
        let mut parts: Vec<&[u8]> = vec![b"casemate-begin-v1|", self.id.as_bytes(), b"|", tenant.as_bytes()];
        for (head, frame) in heads.iter().zip(frames) {
            parts.extend([head.as_bytes(), frame]);
        }
        self.journal.tag(&parts)
    }

    /// The tag of an append: every argument, each delimited.
    pub(crate) fn journal_tag(&self, header: &str, rows: &[(String, &[u8])]) -> [u8; 32] {
        let mut parts: Vec<&[u8]> = vec![b"casemate-journal-v1|", self.id.as_bytes(), b"|", header.as_bytes()];
        for (head, frame) in rows {
            parts.extend([head.as_bytes(), frame]);
        }
        self.journal.tag(&parts)
    }
}
