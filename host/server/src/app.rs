//! The composition root: builds every part of the host once, top to bottom, and takes it down again. It decides
//! nothing else.

mod artefacts;
mod database;
mod desk;
mod error;
mod evidence;
mod identity;
mod lock;
mod pack_key;
mod packs;
mod shared;
mod signing;
mod stock;
mod tenants;

use std::sync::Arc;
use std::time::Duration;

use casemate_gate::journal::{Journal, MemoryJournal};
use casemate_gate::{Digest, TenantId};
use casemate_keys::{KeyRing, Use};
use casemate_ledger::{Config as LedgerConfig, Ledger, Sizes};
use casemate_pii::Sentinel;
use casemate_store::{Cluster, Db, NewHost, PgJournal};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use artefacts::Artefacts;
pub use database::bootstrap;
pub use desk::Office;
pub use error::AppError;
pub use evidence::compiler_of_its_own;
pub use pack_key::PackKeys;
pub use packs::{Activated, Packs, read_pack, write_pack};
pub use shared::{Invited, catch_up, invite};
use shared::{Link, Shared};
pub use signing::Signing;
pub use stock::Stock;
use tenants::Standings;
pub use tenants::{Deleted, Export, Suspended, Tenant, Tenants};

use crate::config::Config;
use crate::crossing::Crossing;
use crate::dispatch::{self, Budgets, Dispatcher, Presence, Records, Registry, Rows, Worker};
use crate::sandbox::{CompileLimits, Compiler, Sandbox};
use crate::tools::Tools;

/// Whether runs need Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// The embedded one is started or adopted, another one connected to; refused if it doesn't keep tenants apart.
    Needed,
    /// It is started or adopted as it is: for what looks after it.
    Unchecked,
    /// None is started.
    NotNeeded,
    /// None is started, and what runs ask of one comes from recordings, as everything else does: for tests of agents.
    Recorded,
}

impl Database {
    /// The one that there is for this data directory, as it is, if there is one: for what is done to tenants, which is no
    /// agent's work.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let is_there = config.database_host.is_some() || config.cluster().exists();
        if is_there { Self::Unchecked } else { Self::NotNeeded }
    }
}

/// The host, with every part in place.
pub struct App {
    /// Runs guests.
    pub sandbox: Arc<Sandbox>,
    /// Drives runs.
    pub dispatcher: Arc<Dispatcher>,
    /// The tenants by name.
    pub tenants: Tenants,
    /// Policy packs, and which is active for whom.
    pub packs: Packs,
    /// Components and policies by digest.
    pub artefacts: Artefacts,
    /// The database, if one was needed.
    pub database: Option<Db>,
    /// Every key.
    pub keys: Arc<KeyRing>,
    /// This host among others on the same Postgres, where it has one.
    pub presence: Option<Arc<Presence>>,
    shared: Shared,
    /// The database that hosts share, whether runs need it or not.
    outside: Option<Db>,
    ledger: Arc<Ledger>,
    cluster: Option<Cluster>,
    /// What goes on beside runs for as long as the host is up.
    tasks: Vec<JoinHandle<()>>,
    // Held until everything else is down.
    _lock: lock::DataLock,
}

impl App {
    /// Builds the host.
    ///
    /// # Errors
    /// [`AppError`]: what the operator has to do.
    pub async fn open(config: &Config, database: Database) -> Result<Self, AppError> {
        raise_limit_of_files();
        let lock = lock::DataLock::take(config)?;
        let info = match database {
            Database::Recorded => None,
            _ if config.database_host.is_none() => None,
            _ => database::outside(config, identity::of_its_own(config)?).await?,
        };
        let link = info.as_ref().map(|info| Link::open(config, info).map(Arc::new)).transpose()?;
        let keys = Arc::new(signing::open(config, link.as_ref())?);
        let host = identity::of(config, &keys)?;
        let shared = Shared::open(config, link, &keys)?;
        let artefacts = Artefacts::new(config.artefacts());
        let budgets = Budgets::open(&config.budgets())?;
        let code_epoch = keys.epoch(Uuid::nil(), Use::CompiledCode)?;
        let code_key = keys.mac_key(Uuid::nil(), Use::CompiledCode, code_epoch)?;
        let compiler =
            Compiler::new(config.compiler.clone(), CompileLimits::default(), config.compiled_code(), code_key);
        let sandbox = Arc::new(Sandbox::new(compiler)?);
        sandbox.keep_scratch_in(&config.scratch())?;
        let ledger = Arc::new(Ledger::open(LedgerConfig {
            zones: config.zones.clone(),
            writer: signing::writer(config, host)?,
            ledger_id: keys.host(),
            signers: signing::signers(&keys)?,
            create: true,
            sizes: Sizes::default(),
        })?);
        let outside = match &info {
            Some(info) => Some(Db::connect(info).await?),
            None => None,
        };
        let (cluster, db) = match (database, &outside) {
            (Database::NotNeeded | Database::Recorded, _) => (None, None),
            (Database::Needed | Database::Unchecked, Some(db)) => (None, Some(db.clone())),
            (Database::Needed | Database::Unchecked, None) => {
                let (cluster, info) = database::embedded(config).await?;
                (Some(cluster), Some(Db::connect(&info).await?))
            }
        };
        if let (Database::Needed, Some(db)) = (database, &db) {
            db.expect_safe().await?;
        }
        let known = db.as_ref().or(outside.as_ref());
        let tenants = Tenants::open(config, &shared, known).await?;
        let packs = Packs::open(config, &shared)?;
        // One that is being deleted gets no keys any more.
        for (_, tenant) in tenants.standings().filter(|(_, tenant)| tenant.leaving_ms.is_none()) {
            keys.ensure_tenant(tenant.id.as_uuid())?;
        }
        on_record(&ledger, &keys, &packs).await?;
        let memory = Arc::new(MemoryJournal::default());
        let (tools, rows) = match database {
            Database::Recorded => (Tools::recorded(), Rows::Recorded),
            Database::Needed | Database::Unchecked | Database::NotNeeded => (Tools::new(db.clone()), Rows::None),
        };
        let presence = match known {
            Some(db) => {
                let (name, version) = (identity::name(), env!("CARGO_PKG_VERSION").to_owned());
                let new = NewHost { id: host, name, version, slots: 0 };
                Some(Presence::register(db.clone(), new, config.lease.duration()).await?)
            }
            None => None,
        };
        let (journal, records): (Arc<dyn Journal>, Records) = match &db {
            Some(db) => (Arc::new(PgJournal::new(db)), Records::Database(db.clone(), host)),
            None => (Arc::clone(&memory) as Arc<dyn Journal>, Records::memory(memory, rows)),
        };
        let crossing = Arc::new(Crossing { ledger: Arc::clone(&ledger), journal, tools, sentinel: Sentinel::new() });
        let dispatcher = Dispatcher::new(Arc::clone(&sandbox), crossing, records, Arc::clone(&keys));
        let registry = Arc::new(Registry::open(&config.registry())?);
        registry.tools(&ledger, packs.digest(TenantId::from(Uuid::nil()))?).await?;
        // A run that is kept in memory settles nowhere else.
        let budgets = match (&outside, &db) {
            (Some(outside), Some(_)) => budgets.shared(outside.clone()),
            _ => budgets,
        };
        let dispatcher = dispatcher.with_budgets(Arc::new(budgets)).with_registry(registry);
        let dispatcher = Arc::new(match &presence {
            Some(presence) => dispatcher.with_lease(Arc::clone(presence.lease())),
            None => dispatcher,
        });
        let mut tasks: Vec<_> = presence.clone().map(|presence| tokio::spawn(presence.keep())).into_iter().collect();
        let (ours, theirs) = (Arc::clone(&ledger), Arc::clone(&dispatcher));
        let standings = Standings::open(config, ours, theirs, known.cloned(), shared.clone()).await?;
        tasks.push(tokio::spawn(standings.watch()));
        tasks.push(tokio::spawn(sign_regularly(Arc::clone(&ledger), config.checkpoints.duration())));
        if shared.has_others() {
            let (keys, dispatcher) = (Arc::clone(&keys), Arc::clone(&dispatcher));
            tasks.push(tokio::spawn(shared::follow(shared.clone(), keys, dispatcher)));
        }
        Ok(Self {
            sandbox,
            dispatcher,
            tenants,
            packs,
            artefacts,
            database: db,
            keys,
            presence,
            shared,
            outside,
            ledger,
            cluster,
            tasks,
            _lock: lock,
        })
    }

    /// Puts on record what happened to keys, and has those that an auditor pins where the operator finds them.
    ///
    /// # Errors
    /// Those of the ledger; what isn't on record is put there another time.
    pub async fn keys_changed(&self, config: &Config) -> Result<(), AppError> {
        on_record(&self.ledger, &self.keys, &self.packs).await?;
        signing::publish(config, &self.keys.signing())
    }

    /// Takes the host down: no more work, everything signed, Postgres stopped.
    ///
    /// # Errors
    /// The first part that could not be closed cleanly; the others are closed all the same.
    pub async fn close(self) -> Result<(), AppError> {
        self.tasks.iter().for_each(JoinHandle::abort);
        if let Some(presence) = &self.presence
            && let Err(error) = presence.leave().await
        {
            tracing::warn!(%error, code = error.code(), "this host stays on the list of hosts until its lease is over");
        }
        let told = on_record(&self.ledger, &self.keys, &self.packs).await;
        let signed = self.ledger.checkpoint_all().await.map(drop).map_err(AppError::from);
        let closed = self.ledger.close().map_err(AppError::from);
        for db in self.database.iter().chain(&self.outside) {
            db.close().await;
        }
        let stopped = match self.cluster {
            Some(cluster) => database::stop(cluster).await,
            None => Ok(()),
        };
        told.and(signed).and(closed).and(stopped)
    }
}

impl App {
    /// What claims and drives jobs here, in so many slots.
    ///
    /// # Errors
    /// `run-needs-database` for a host without one.
    pub async fn worker(&self, config: &Config, slots: u32) -> Result<Arc<Worker>, AppError> {
        let (Some(db), Some(presence)) = (&self.database, &self.presence) else {
            return Err(dispatch::DispatchError::NoDatabase.into());
        };
        presence.offer(slots).await?;
        let stock =
            Stock::new(config, self.artefacts.clone(), self.shared.clone(), Arc::clone(&self.dispatcher), db.clone());
        let dispatcher = Arc::clone(&self.dispatcher);
        Ok(Arc::new(Worker::new(dispatcher, Arc::new(stock), Arc::clone(presence), slots)?))
    }
}

impl App {
    /// Gives the host a new key. The key file is then to be copied to the other hosts on the same Postgres, none of which may
    /// be up.
    ///
    /// # Errors
    /// [`AppError::HostsUp`], and those of the ring.
    pub async fn rotate_host_key(&self) -> Result<(), AppError> {
        self.shared.expect_alone().await?;
        Ok(self.keys.rotate_host()?)
    }

    /// Keeps a component or a policy for whichever host goes on with a run of these tenants.
    ///
    /// # Errors
    /// [`AppError::File`], and those of the database.
    pub async fn keep(&self, tenants: &[TenantId], bytes: &[u8]) -> Result<(), AppError> {
        self.artefacts.keep(bytes)?;
        if let (Some(db), Some(_)) = (&self.database, &self.outside) {
            for tenant in tenants {
                db.keep_artefact(&dispatch::bookkeeping_of(*tenant)?, bytes).await?;
            }
        }
        Ok(())
    }

    /// Bytes that this host or another one kept.
    ///
    /// # Errors
    /// `store-no-artefact`, [`AppError::File`].
    pub async fn fetch(&self, tenant: TenantId, digest: Digest) -> Result<Vec<u8>, AppError> {
        match (self.artefacts.get(digest), &self.database, &self.outside) {
            (Err(_), Some(db), Some(_)) => {
                let bytes = db.artefact(&dispatch::bookkeeping_of(tenant)?, digest).await?;
                self.artefacts.keep(&bytes)?;
                Ok(bytes)
            }
            (found, ..) => found,
        }
    }
}

/// Scratch files of many runs, zones, Postgres and compilers are open at once: the host takes what the system lets it.
fn raise_limit_of_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

async fn on_record(ledger: &Ledger, keys: &KeyRing, packs: &Packs) -> Result<(), AppError> {
    dispatch::keys::put_on_record(ledger, keys, |tenant| packs.digest(tenant)).await
}

/// Signs the logs, so often while the host runs.
async fn sign_regularly(ledger: Arc<Ledger>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if let Err(error) = ledger.checkpoint_all().await {
            tracing::error!(%error, code = error.code(), "the logs could not be signed");
        }
    }
}
