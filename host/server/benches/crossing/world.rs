//! What the benchmarks share: a host with its records in memory, in three zones, or in zones and Postgres. Only parts
//! that the program itself is built of.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use casemate_gate::budget::{Amounts, Limits, Meter, Owner, Share, Windows};
use casemate_gate::call::Origin;
use casemate_gate::identity::{Identity, Standing};
use casemate_gate::job::NewRun;
use casemate_gate::journal::{Journal, MemoryJournal, Row, RowKind};
use casemate_gate::policy::{Grants, Manifest, Policy, Tenure};
use casemate_gate::vault::Vault;
use casemate_gate::{AgentName, Digest, Epoch, Refusal, Reply, RunId, Seq, TenantId, rls};
use casemate_keys::{DataKey, KeyRing, MacKey, RunKey, SigningKey};
use casemate_ledger::{Config, Draft, Kind, Ledger, Memory, Sizes};
use casemate_pii::Sentinel;
use casemate_server::crossing::{Askable, Crossing, Passage, Place, Recorder, Recording, Setup, Way};
use casemate_server::dispatch::{Dispatcher, Job, Records, Rows};
use casemate_server::lease::HostLease;
use casemate_server::sandbox::{Admitted, Allowance, Candidate, CompileLimits, Compiler, Execution, Loaded, Sandbox};
use casemate_server::tools::{Instruments, Tools};
use casemate_store::{Cluster, Db, PgJournal, provision};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Where records are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Memory,
    Zones,
    ZonesAndPostgres,
}

const MANIFEST: &str = r#"
[agent]
name = "bench"
version = "1"
[[capability]]
tool = "clock"
verbs = ["read"]
[[capability]]
tool = "kv"
verbs = ["read", "write"]
resources = ["bench/*"]
"#;

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) component: Vec<u8>,
    pub(crate) database: Option<Db>,
    agent: Arc<Loaded>,
    admitted: Arc<Admitted>,
    policy: Arc<Policy>,
    grants: Arc<Grants>,
    crossing: Arc<Crossing>,
    dispatcher: Dispatcher,
    keys: Arc<KeyRing>,
    tenant: TenantId,
    cluster: Mutex<Option<Cluster>>,
    _directory: TempDir,
}

impl World {
    pub(crate) fn new(keep: Keep) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        // On the disk that the program would use, and open to the user that Postgres runs as.
        let directory = TempDir::new_in("/var/tmp").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(directory.path(), mode).unwrap();
        let sandbox = Arc::new(sandbox(directory.path()));
        let component = guest("pinger");
        let policy = Arc::new(Policy::parse(&policy_text()).unwrap());
        let candidate = Candidate::read(component.clone()).unwrap();
        let own = policy.grants(candidate.manifest());
        let agent = Arc::new(runtime.block_on(sandbox.load(&candidate, &own)).unwrap());
        let admitted = Arc::new(sandbox.admit(&agent, &policy.grants(agent.manifest())).unwrap());
        let keys = Arc::new(KeyRing::ephemeral(casemate_server::clock::now_ms).unwrap());
        let ledger = Arc::new(ledger(keep, directory.path()));
        let (cluster, database) = if keep == Keep::ZonesAndPostgres {
            let cluster = Cluster::start(&directory.path().join("postgres"), None).unwrap();
            let db = runtime.block_on(async { Db::connect(&provision(&cluster).await.unwrap()).await.unwrap() });
            (Some(cluster), Some(db))
        } else {
            (None, None)
        };
        let memory = Arc::new(MemoryJournal::default());
        let (journal, records): (Arc<dyn Journal>, _) = match &database {
            Some(db) => (Arc::new(PgJournal::new(db)), Records::Database(db.clone(), Uuid::nil())),
            None => (Arc::clone(&memory) as Arc<dyn Journal>, Records::memory(memory, Rows::None)),
        };
        let tools = Tools::new(database.clone());
        let crossing = Arc::new(Crossing { ledger, journal, tools, sentinel: Sentinel::new() });
        let dispatcher = Dispatcher::new(Arc::clone(&sandbox), Arc::clone(&crossing), records, Arc::clone(&keys));
        let tenant = TenantId::from(Uuid::now_v7());
        if let Some(db) = &database {
            runtime.block_on(db.ensure_tenant(tenant, "bench")).unwrap();
        }
        let cluster = Mutex::new(cluster);
        Self {
            runtime,
            sandbox,
            component,
            database,
            agent,
            admitted,
            policy,
            grants: Arc::new(grants()),
            crossing,
            dispatcher,
            keys,
            tenant,
            cluster,
            _directory: directory,
        }
    }

    fn place(&self, run: RunId, epoch: Epoch, key: DataKey, identity: &Identity) -> Place {
        let policy = self.policy.digest;
        Place { tenant: self.tenant, run, epoch, policy, scope: rls::bookkeeping(identity), key }
    }

    fn setup(&self, run: RunId, epoch: Epoch, key: DataKey) -> Passage {
        let name = AgentName::try_from("bench".to_owned()).unwrap();
        let origin = Origin { tenant: self.tenant, agent: name, run };
        let identity = Identity::fix(origin, None, Arc::new(Standing::default()));
        let place = self.place(run, epoch, key, &identity);
        let (ledger, journal) = (Arc::clone(&self.crossing.ledger), Arc::clone(&self.crossing.journal));
        let mac = MacKey::generate().unwrap();
        Passage::new(Setup {
            crossing: Arc::clone(&self.crossing),
            identity,
            grants: Arc::clone(&self.grants),
            tenure: Tenure::new(
                Arc::default(),
                self.policy.digest,
                Manifest::parse(MANIFEST).unwrap(),
                Digest::from([0; 32]),
            ),
            rules: self.policy.pii.clone(),
            meter: self.meter(),
            input_bytes: 4,
            vault: Vault::new(&mac, run).unwrap(),
            instruments: Instruments::new([7; 32], 0),
            recorder: Recorder::new(place, ledger, journal, None),
            recording: Recording::default(),
            askable: Askable::No,
            digest_key: mac,
            transcription: None,
            grip: HostLease::unshared().grip(run),
            lender: None,
        })
    }

    /// The meter of a run whose agent and tenant have used nothing.
    fn meter(&self) -> Arc<Meter> {
        let terms = self.policy.budget;
        let windows = || Windows::at(0, |_, _| Amounts::default());
        let share = |policy| Share::of(Arc::new(Owner::new(None, windows())), windows(), policy);
        Arc::new(Meter::open(terms, share(terms.agent), share(terms.tenant)).unwrap())
    }

    /// A passage of a run that is on no record.
    pub(crate) fn passage(&self) -> Passage {
        self.setup(RunId::from(Uuid::now_v7()), Epoch::new(1), DataKey::generate().unwrap())
    }

    /// A passage of a run that Postgres knows.
    pub(crate) async fn recorded_passage(&self) -> Passage {
        let db = self.database.as_ref().unwrap();
        let run = RunId::from(Uuid::now_v7());
        let key = self.keys.run_key(self.tenant.as_uuid()).unwrap();
        let name = AgentName::try_from("bench".to_owned()).unwrap();
        let origin = Origin { tenant: self.tenant, agent: name.clone(), run };
        let scope = rls::bookkeeping(&Identity::fix(origin, None, Arc::new(Standing::default())));
        let wrapped_key = self.keys.wrap_run(self.tenant.as_uuid(), run.as_uuid(), &key).unwrap().0;
        let digest = Digest::of(b"bench");
        let epoch = Epoch::new(1);
        let start = Row { run, seq: Seq::default(), epoch, kind: RowKind::Start, sealed: vec![0] };
        let new = NewRun { id: run, agent: name, component: digest, policy: digest, wrapped_key };
        db.begin_run(&scope, new, start, None).await.unwrap();
        let RunKey { key, .. } = key;
        let passage = self.setup(run, epoch, key);
        let mut passage = passage;
        passage.must_end_by(std::time::Instant::now() + Duration::from_secs(3600));
        passage
    }

    pub(crate) async fn run_here(&self, passage: Passage) -> Execution {
        let allowance = Allowance { fuel: 1_000_000_000, wall_clock: Duration::from_secs(60) };
        let run = self.sandbox.execute_here(Arc::clone(&self.admitted), passage, "null".to_owned(), allowance);
        Box::pin(run).await
    }

    pub(crate) async fn job(&self) {
        let job = Job { tenant: self.tenant, agent: Arc::clone(&self.agent), policy: Arc::clone(&self.policy) };
        let (_, ended) = self.dispatcher.run(&job, serde_json::Value::Null, None).await.unwrap();
        ended.result.unwrap();
    }

    /// One entry with a payload as a small call's record has it.
    pub(crate) fn append(&self) {
        let draft = Draft {
            kind: Kind::Intent,
            tenant: self.tenant.as_uuid(),
            run: Uuid::nil(),
            seq: 1,
            epoch: 1,
            tool: 1,
            decision: 0,
            time_ms: 1,
            policy: [0; 32],
            salt: [1; 32],
            payload: vec![2; 512],
        };
        self.crossing.ledger.submit(vec![draft]).wait().unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(db) = self.database.take() {
            self.runtime.block_on(db.close());
        }
        if let Some(cluster) = self.cluster.lock().unwrap().take() {
            cluster.stop().unwrap();
        }
    }
}

/// What the bench's policy and manifest both name.
pub(crate) fn grants() -> Grants {
    Policy::parse(&policy_text()).unwrap().grants(&Manifest::parse(MANIFEST).unwrap())
}

/// The component of a guest.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let components = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/components");
    std::fs::read(components.join(format!("{name}.wasm"))).expect("run `cargo xtask guests`")
}

/// A sandbox whose compiler is the program itself.
pub(crate) fn sandbox(directory: &Path) -> Sandbox {
    let program = env!("CARGO_BIN_EXE_casemate").into();
    let key = MacKey::generate().unwrap();
    Sandbox::new(Compiler::new(program, CompileLimits::default(), directory.join("code"), key)).unwrap()
}

/// The reply of a call that was answered.
pub(crate) fn answered(way: Way) -> Reply {
    match way {
        Way::Answer(Ok(reply)) => reply,
        Way::Answer(Err(refusal)) | Way::Stop(refusal) => refused(&refusal),
        Way::Park { .. } => Reply::Unit,
    }
}

#[expect(clippy::panic, reason = "a refused call would be measured as a fast one")]
fn refused(refusal: &Refusal) -> ! {
    panic!("{refusal}: {:?}", refusal.internal())
}

fn ledger(keep: Keep, directory: &Path) -> Ledger {
    let signer = SigningKey::from_seed("casemate/bench", &[1; 32]).unwrap();
    let (ledger_id, writer) = (Uuid::from_u128(1), "bench".parse().unwrap());
    if keep == Keep::Memory {
        return Ledger::in_memory(ledger_id, writer, Box::new(signer), Memory::Discard);
    }
    let zones = ["1", "2", "3"].map(|zone| directory.join(zone));
    let config =
        Config { zones, writer, ledger_id, signers: vec![Box::new(signer)], create: true, sizes: Sizes::default() };
    Ledger::open(config).unwrap()
}

fn policy_text() -> String {
    let limits = Limits {
        fuel: 1 << 50,
        memory: 1 << 40,
        wall_clock: 1 << 40,
        calls: 1 << 50,
        log_bytes: 1 << 40,
        result_bytes: 1 << 50,
    };
    let budget = |name: &str, factor: u64| {
        let Limits { fuel, memory, wall_clock, calls, log_bytes, result_bytes } = limits;
        format!(
            "[budget.{name}]\nfuel = {}\nmemory = {}\nwall-clock = {}\ncalls = {}\nlog-bytes = {}\nresult-bytes = {}\n",
            fuel * factor,
            memory * factor,
            wall_clock * factor,
            calls * factor,
            log_bytes * factor,
            result_bytes * factor,
        )
    };
    let grants = "[[grant]]\ntool = \"clock\"\nverbs = [\"read\"]\n[[grant]]\ntool = \"kv\"\nverbs = [\"read\", \"write\"]\nresources = [\"bench/*\"]\n";
    format!("name = \"bench\"\n{grants}\n[budget]\ndenials = 10\n{}{}", budget("run", 1), budget("tenant", 64))
}
