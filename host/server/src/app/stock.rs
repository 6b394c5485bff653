//! Components and policies for runs that this host claims: from its own directory, or from the database, where whoever
//! submitted the job has put them. What was made ready is kept ready. It doesn't know whose turn it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use casemate_abi::Code;
use casemate_gate::policy::Policy;
use casemate_gate::{Digest, Refusal, TenantId};
use casemate_store::{Db, StoreError};
use futures_util::future::BoxFuture;

use super::shared::{Part, Shared};
use super::{AppError, Artefacts, Packs};
use crate::clock;
use crate::config::Config;
use crate::dispatch::{DispatchError, Dispatcher, Job, Stock as Source};
use crate::sandbox::{Candidate, Loaded};

/// Most components that are kept ready.
const READY: usize = 256;
/// How long it is believed that runs may begin under a policy.
const VOUCHED: Duration = Duration::from_secs(1);

type Key = (TenantId, Digest, Digest);

/// See the file's head.
pub struct Stock {
    config: Config,
    artefacts: Artefacts,
    shared: Shared,
    dispatcher: Arc<Dispatcher>,
    db: Db,
    // Held for one look-up at a time.
    ready: Mutex<HashMap<Key, (Arc<Loaded>, Arc<Policy>)>>,
    /// Policies under which a run may begin, and when that was looked at.
    vouched: Mutex<HashMap<Digest, Instant>>,
}

impl Stock {
    pub(super) fn new(
        config: &Config,
        artefacts: Artefacts,
        shared: Shared,
        dispatcher: Arc<Dispatcher>,
        db: Db,
    ) -> Self {
        Self {
            config: config.clone(),
            artefacts,
            shared,
            dispatcher,
            db,
            ready: Mutex::default(),
            vouched: Mutex::default(),
        }
    }

    async fn find(&self, key: Key) -> Result<Job, DispatchError> {
        let (tenant, component, policy) = key;
        if let Some((agent, policy)) = self.ready().get(&key) {
            return Ok(Job { tenant, agent: Arc::clone(agent), policy: Arc::clone(policy) });
        }
        let policy = Arc::new(self.policy(tenant, policy).await?);
        let candidate = Candidate::read(self.bytes(tenant, component).await?);
        let agent = Arc::new(self.dispatcher.admit(&[tenant], component, candidate, &policy).await?);
        let mut ready = self.ready();
        // Which ones are wanted again, nobody knows: the next jobs say so.
        if ready.len() >= READY {
            ready.clear();
        }
        ready.insert(key, (Arc::clone(&agent), Arc::clone(&policy)));
        Ok(Job { tenant, agent, policy })
    }

    fn ready(&self) -> std::sync::MutexGuard<'_, HashMap<Key, (Arc<Loaded>, Arc<Policy>)>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The policy that a run was submitted with; and from here on the tenant's active one holds for it, too.
    async fn policy(&self, tenant: TenantId, digest: Digest) -> Result<Policy, DispatchError> {
        let mut packs = Packs::look(&self.config).map_err(kept)?;
        if self.shared.has_others() && !packs.folder(digest).exists() {
            // Another host may have activated it a moment ago.
            let shared = self.shared.clone();
            let pulled = tokio::task::spawn_blocking(move || shared.pull(Part::Packs)).await;
            pulled.map_err(|_| kept(AppError::Interrupted))?.map_err(kept)?;
            packs = Packs::look(&self.config).map_err(kept)?;
        }
        if let Some(active) = packs.active(tenant).map_err(kept)? {
            self.dispatcher.activate(tenant, Arc::new(active.source.policy));
        }
        if let Some(pack) = packs.with_digest(digest).map_err(kept)? {
            return Ok(pack.source.policy);
        }
        let text = String::from_utf8(self.bytes(tenant, digest).await?);
        Ok(Policy::parse(&text.map_err(|_| DispatchError::NoRun)?)?)
    }

    async fn bytes(&self, tenant: TenantId, digest: Digest) -> Result<Vec<u8>, DispatchError> {
        if let Ok(bytes) = self.artefacts.get(digest) {
            return Ok(bytes);
        }
        let bytes = self.db.artefact(&crate::dispatch::bookkeeping_of(tenant)?, digest).await?;
        self.artefacts.keep(&bytes).map_err(kept)?;
        Ok(bytes)
    }
}

impl Source for Stock {
    fn job(&self, tenant: TenantId, component: Digest, policy: Digest) -> BoxFuture<'_, Result<Job, DispatchError>> {
        Box::pin(self.find((tenant, component, policy)))
    }

    fn may_begin(&self, policy: Digest) -> Result<(), Refusal> {
        let mut known = self.vouched.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(&policy).is_some_and(|since| since.elapsed() < VOUCHED) {
            return Ok(());
        }
        let refused = |error: AppError| Refusal::new(Code::PolicyRefused, error.to_string());
        let packs = Packs::look(&self.config).map_err(refused)?;
        packs.may_begin(policy, clock::now_ms()).map_err(refused)?;
        known.retain(|_, since| since.elapsed() < VOUCHED);
        known.insert(policy, Instant::now());
        Ok(())
    }
}

/// What the data directory doesn't give: the run is given back, and another host may have it.
fn kept(error: AppError) -> DispatchError {
    DispatchError::Store(StoreError::Unreachable(Box::new(error)))
}
