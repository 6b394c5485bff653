//! The head of evidence: what the file is about, in words that need no other tool to be read. All of it but the digests' key
//! stands in the records too, and must agree with them. It doesn't know how the file is laid out.

use casemate_gate::{AgentName, RunId, TenantId};
use casemate_keys::MacKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Evidence, EvidenceError};

/// The head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) run: RunId,
    pub(super) tenant: TenantId,
    pub(super) host: Uuid,
    agent: AgentName,
    component: String,
    policy: String,
    profile: String,
    started_ms: u64,
    ended_ms: u64,
    records: usize,
    digest_key: String,
}

impl Header {
    pub(super) fn of(evidence: &Evidence) -> Result<Self, EvidenceError> {
        let (start, end) = (evidence.start()?, evidence.end()?);
        Ok(Self {
            run: evidence.run,
            tenant: evidence.tenant,
            host: evidence.host,
            agent: start.agent.clone(),
            component: start.component.to_string(),
            policy: start.policy.to_string(),
            profile: start.profile.clone(),
            started_ms: start.time_ms,
            ended_ms: end.stamp.time_ms,
            records: evidence.pieces.len(),
            digest_key: hex::encode(evidence.digest_key.expose()),
        })
    }

    pub(super) fn digest_key(&self) -> Result<MacKey, EvidenceError> {
        let bytes = hex::decode(&self.digest_key).map_err(|_| EvidenceError::Inconsistent("its digests' key"))?;
        MacKey::from_bytes(&bytes).map_err(|_| EvidenceError::Inconsistent("its digests' key"))
    }
}
