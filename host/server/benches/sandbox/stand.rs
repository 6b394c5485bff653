//! A host for benchmarks of many runs at once: real sandbox, gates and dispatch, records in memory, and a journal that
//! can be held, so that agents stay alive inside a call.

use std::sync::Arc;

use casemate_gate::job::Ending;
use casemate_gate::journal::{Journal, JournalError, MemoryJournal, Row};
use casemate_gate::policy::Policy;
use casemate_gate::rls::Scope;
use casemate_gate::{Digest, TenantId};
use casemate_keys::{KeyRing, SigningKey};
use casemate_ledger::{Ledger, Memory};
use casemate_pii::Sentinel;
use casemate_server::crossing::Crossing;
use casemate_server::dispatch::{Dispatcher, Job, Records, Rows};
use casemate_server::sandbox::{Candidate, Sandbox};
use casemate_server::tools::Tools;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use uuid::Uuid;

use super::world;

/// The host.
pub(crate) struct Stand {
    pub(crate) runtime: Runtime,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) held: watch::Sender<bool>,
    _directory: TempDir,
}

impl Stand {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let directory = TempDir::new().unwrap();
        let sandbox = Arc::new(world::sandbox(directory.path()));
        let signer = SigningKey::from_seed("casemate/bench", &[1; 32]).unwrap();
        let ledger = Ledger::in_memory(Uuid::from_u128(1), "bench".parse().unwrap(), Box::new(signer), Memory::Discard);
        let memory = Arc::new(MemoryJournal::default());
        let (held, hold) = watch::channel(false);
        let journal = Arc::new(HeldJournal { inner: Arc::clone(&memory), hold });
        let crossing = Arc::new(Crossing {
            ledger: Arc::new(ledger),
            journal,
            tools: Tools::new(None),
            sentinel: Sentinel::new(),
        });
        let keys = Arc::new(KeyRing::ephemeral(casemate_server::clock::now_ms).unwrap());
        let dispatcher =
            Arc::new(Dispatcher::new(Arc::clone(&sandbox), crossing, Records::memory(memory, Rows::None), keys));
        Self { runtime, sandbox, dispatcher, held, _directory: directory }
    }

    /// Calls that wait because the journal is held.
    pub(crate) fn waiting(&self) -> u64 {
        // One receiver is the journal's own.
        self.held.receiver_count() as u64 - 1
    }

    /// A job of a guest under a policy with these limits of one run; its tenant may use four thousand times as much.
    pub(crate) fn job(&self, bytes: Vec<u8>, tenant: u128, limits: &Limits) -> Job {
        let tenant = TenantId::from(Uuid::from_u128(tenant));
        let policy = Policy::parse(&limits.policy()).unwrap();
        let digest = Digest::of(&bytes);
        let tenants = [tenant];
        let admitted = self.dispatcher.admit(&tenants, digest, Candidate::read(bytes), &policy);
        let agent = Arc::new(self.runtime.block_on(admitted).unwrap());
        Job { tenant, agent, policy: Arc::new(policy) }
    }
}

/// Limits of one run.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) fuel: u64,
    pub(crate) memory: u64,
    pub(crate) wall_clock: u64,
    pub(crate) calls: u64,
    pub(crate) bytes: u64,
}

impl Limits {
    fn policy(self) -> String {
        let budget = |name: &str, factor: u64| {
            let Self { fuel, memory, wall_clock, calls, bytes } = self;
            let (fuel, memory, wall_clock) = (fuel * factor, memory * factor, wall_clock * factor);
            let (calls, bytes) = (calls * factor, bytes * factor);
            format!(
                "[budget.{name}]\nfuel = {fuel}\nmemory = {memory}\nwall-clock = {wall_clock}\ncalls = {calls}\n\
                 log-bytes = {bytes}\nresult-bytes = {bytes}\n"
            )
        };
        let grants: String = [("log", "\"write\""), ("clock", "\"read\", \"wait\""), ("random", "\"read\"")]
            .map(|(tool, verbs)| format!("[[grant]]\ntool = \"{tool}\"\nverbs = [{verbs}]\n"))
            .concat();
        format!("name = \"bench\"\n{grants}[budget]\ndenials = 1000\n{}{}", budget("run", 1), budget("tenant", 4_000))
    }
}

/// Keeps rows in memory, once it is not held.
struct HeldJournal {
    inner: Arc<MemoryJournal>,
    hold: watch::Receiver<bool>,
}

impl Journal for HeldJournal {
    fn append<'a>(&'a self, scope: &'a Scope, rows: Vec<Row>) -> BoxFuture<'a, Result<(), JournalError>> {
        let mut hold = self.hold.clone();
        async move {
            let _sender_gone = hold.wait_for(|held| !held).await.map(drop);
            self.inner.append(scope, rows).await
        }
        .boxed()
    }

    fn end<'a>(&'a self, scope: &'a Scope, rows: Vec<Row>, _: Ending) -> BoxFuture<'a, Result<(), JournalError>> {
        self.append(scope, rows)
    }
}
