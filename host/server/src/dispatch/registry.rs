//! What is registered with this host, as far as nothing else keeps it: which component each agent of a tenant was last
//! started with, and which tools the host has. A change goes on record before it holds; so do the changes of others,
//! through [`record`]. It doesn't know who reacts.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use casemate_gate::registry::{Change, Happened, Subject};
use casemate_gate::{AgentName, Digest, Operation, TenantId, Tool};
use casemate_keys::random;
use casemate_ledger::{Draft, Kind, Ledger};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::DispatchError;
use crate::{clock, durable};

/// Most bytes of the file.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Why the registry can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file.
    #[error("make {path} readable and writable for this user, on a disk with space left")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file is not what was written.
    #[error("restore {0} from its copy, or move it away: it is damaged")]
    Damaged(PathBuf),
}

impl RegistryError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "data-registry",
            Self::Damaged(_) => "data-registry-damaged",
        }
    }
}

/// What was last on record.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// By tool: what it can do.
    #[serde(default)]
    tools: BTreeMap<String, String>,
    /// By tenant and agent: the component.
    #[serde(default)]
    agents: BTreeMap<TenantId, BTreeMap<AgentName, Digest>>,
}

/// The registry of a host.
#[derive(Debug, Default)]
pub struct Registry {
    /// None for a host that keeps nothing.
    path: Option<PathBuf>,
    // Held while a change goes on record, so that two runs of a new agent tell of it once.
    known: Mutex<Known>,
}

impl Registry {
    /// Reads the file of a data directory, whose lock the caller holds.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn open(path: &Path) -> Result<Self, RegistryError> {
        let file = |cause| RegistryError::File { path: path.to_owned(), cause };
        let known = match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Known::default(),
            Err(cause) => return Err(file(cause)),
            Ok(found) if found.len() > FILE_BYTES => return Err(RegistryError::Damaged(path.to_owned())),
            Ok(_) => serde_json::from_slice(&fs::read(path).map_err(file)?)
                .map_err(|_| RegistryError::Damaged(path.to_owned()))?,
        };
        Ok(Self { path: Some(path.to_owned()), known: Mutex::new(known) })
    }

    /// Puts on record, in the host's own log, which tools are other than they were when this data directory was last used.
    ///
    /// # Errors
    /// Those of the file and the ledger.
    pub async fn tools(&self, ledger: &Ledger, policy: Digest) -> Result<(), DispatchError> {
        let mut known = self.known.lock().await;
        let now = tools();
        let mut changes = Vec::new();
        for (name, is) in &now {
            let happened = match known.tools.get(name) {
                Some(was) if was == is => continue,
                Some(_) => Happened::Changed,
                None => Happened::Added,
            };
            changes.push(Change::new(Subject::Tool, name, happened, known.tools.get(name).cloned(), is.clone()));
        }
        let gone = known.tools.iter().filter(|(name, _)| !now.contains_key(*name));
        let gone = gone.map(|(name, was)| {
            Change::new(Subject::Tool, name, Happened::Withdrawn, was.clone(), serde_json::Value::Null)
        });
        changes.extend(gone);
        if changes.is_empty() {
            return Ok(());
        }
        record(ledger, TenantId::from(Uuid::nil()), policy, &changes).await?;
        known.tools = now;
        Ok(self.keep(&known)?)
    }

    /// Puts on record that a tenant's agent is another component than before, or a new one.
    ///
    /// # Errors
    /// Those of the file and the ledger.
    pub async fn agent(
        &self,
        ledger: &Ledger,
        tenant: TenantId,
        policy: Digest,
        agent: &AgentName,
        component: Digest,
    ) -> Result<(), DispatchError> {
        let mut known = self.known.lock().await;
        let was = known.agents.get(&tenant).and_then(|agents| agents.get(agent)).copied();
        if was == Some(component) {
            return Ok(());
        }
        let happened = if was.is_some() { Happened::Changed } else { Happened::Added };
        let (before, after) = (was.map(|was| was.to_string()), component.to_string());
        record(ledger, tenant, policy, &[Change::new(Subject::Agent, agent.as_str(), happened, before, after)]).await?;
        known.agents.entry(tenant).or_default().insert(agent.clone(), component);
        Ok(self.keep(&known)?)
    }

    /// The components of a tenant's agents, as they were last started.
    pub async fn components(&self, tenant: TenantId) -> BTreeMap<AgentName, Digest> {
        self.known.lock().await.agents.get(&tenant).cloned().unwrap_or_default()
    }

    /// Forgets a tenant's agents.
    ///
    /// # Errors
    /// Those of the file.
    pub async fn forget(&self, tenant: TenantId) -> Result<(), DispatchError> {
        let mut known = self.known.lock().await;
        if known.agents.remove(&tenant).is_some() { Ok(self.keep(&known)?) } else { Ok(()) }
    }

    fn keep(&self, known: &Known) -> Result<(), RegistryError> {
        let Some(path) = &self.path else { return Ok(()) };
        let text = serde_json::to_vec_pretty(known).map_err(|_| RegistryError::Damaged(path.clone()))?;
        durable::write(path, &text).map_err(|cause| RegistryError::File { path: path.clone(), cause })
    }
}

/// What each tool of this host can do: its operations with their numbers and verbs.
fn tools() -> BTreeMap<String, String> {
    let mut tools: BTreeMap<String, String> = BTreeMap::new();
    for operation in Operation::ALL {
        let tool: Tool = operation.tool();
        let told = tools.entry(tool.name().to_owned()).or_default();
        if !told.is_empty() {
            told.push(' ');
        }
        told.push_str(&format!("{}={}:{}", operation.name(), operation.number(), operation.verb().name()));
    }
    tools
}

/// Puts changes into a tenant's log, durably, under the policy that holds for it; the nil tenant's log is the host's
/// own. Returns the index of the last one.
///
/// # Errors
/// Those of the ledger: then nothing may change.
pub async fn record(
    ledger: &Ledger,
    tenant: TenantId,
    policy: Digest,
    changes: &[Change],
) -> Result<Option<u64>, DispatchError> {
    let changes = changes.iter().map(|change| (tenant, policy, change));
    record_all(ledger, changes).await
}

/// The same into several tenants' logs, in one frame: all of it or nothing.
///
/// # Errors
/// As [`record`].
pub async fn record_all(
    ledger: &Ledger,
    changes: impl Iterator<Item = (TenantId, Digest, &Change)>,
) -> Result<Option<u64>, DispatchError> {
    let drafts = changes.map(|(tenant, policy, change)| {
        Ok(Draft {
            kind: Kind::Registry,
            tenant: tenant.as_uuid(),
            run: Uuid::nil(),
            seq: 0,
            epoch: 0,
            tool: 0,
            decision: 0,
            time_ms: clock::now_ms(),
            policy: *policy.as_bytes(),
            salt: random()?,
            payload: change.payload(),
        })
    });
    let drafts = drafts.collect::<Result<Vec<_>, DispatchError>>()?;
    if drafts.is_empty() {
        return Ok(None);
    }
    Ok(ledger.submit(drafts).await?.last().map(casemate_ledger::Receipt::index))
}
