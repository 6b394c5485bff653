//! A host with Postgres for rows and memory for records: what is measured is the gates, not the disk. Only parts that
//! the program itself is built of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::budget::{Amounts, Meter, Owner, Share, Windows};
use casemate_gate::call::Origin;
use casemate_gate::identity::{Identity, Standing};
use casemate_gate::journal::MemoryJournal;
use casemate_gate::policy::{Manifest, Policy, Tenure};
use casemate_gate::vault::Vault;
use casemate_gate::{AgentName, Digest, Epoch, RunId, TenantId, rls};
use casemate_keys::{DataKey, MacKey, SigningKey};
use casemate_ledger::{Ledger, Memory};
use casemate_pii::Sentinel;
use casemate_server::crossing::{Askable, Crossing, Passage, Place, Recorder, Recording, Setup};
use casemate_server::lease::HostLease;
use casemate_server::tools::{Instruments, Tools};
use casemate_store::{Cluster, Db, provision, yardstick::Yardstick};
use tempfile::TempDir;
use uuid::Uuid;

const MANIFEST: &str = "[agent]\nname = \"bench\"\nversion = \"1\"\n[[capability]]\ntool = \"sql\"\nverbs = [\"read\"]\nresources = [\"public.points\"]\n";

pub(crate) struct World {
    pub(crate) yardstick: Yardstick,
    pub(crate) db: Db,
    crossing: Arc<Crossing>,
    policy: Policy,
    role: String,
    cluster: Cluster,
    _directory: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = TempDir::new_in("/var/tmp").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(directory.path(), mode).unwrap();
        let cluster = Cluster::start(&directory.path().join("postgres"), None).unwrap();
        let info = provision(&cluster).await.unwrap();
        let db = Db::connect(&info).await.unwrap();
        let yardstick = Yardstick::new(&info).await.unwrap();
        let policy = Policy::parse(&policy_text()).unwrap();
        let grants = policy.grants(&Manifest::parse(MANIFEST).unwrap());
        let role = db.ensure_agent_role(grants.tables()).await.unwrap();
        let signer = SigningKey::from_seed("casemate/bench", &[1; 32]).unwrap();
        let ledger = Ledger::in_memory(Uuid::from_u128(1), "bench".parse().unwrap(), Box::new(signer), Memory::Discard);
        let crossing = Arc::new(Crossing {
            ledger: Arc::new(ledger),
            journal: Arc::new(MemoryJournal::default()),
            tools: Tools::new(Some(db.clone())),
            sentinel: Sentinel::new(),
        });
        Self { yardstick, db, crossing, policy, role, cluster, _directory: directory }
    }

    /// A passage of a run of this tenant.
    pub(crate) fn passage(&self, tenant: Uuid) -> Passage {
        let (run, tenant) = (RunId::from(Uuid::now_v7()), TenantId::from(tenant));
        let origin = Origin { tenant, agent: AgentName::try_from("bench".to_owned()).unwrap(), run };
        let identity = Identity::fix(origin, Some(self.role.clone()), Arc::new(Standing::default()));
        let (policy, epoch, key) = (self.policy.digest, Epoch::new(1), DataKey::generate().unwrap());
        let place = Place { tenant, run, epoch, policy, scope: rls::bookkeeping(&identity), key };
        let (ledger, journal) = (Arc::clone(&self.crossing.ledger), Arc::clone(&self.crossing.journal));
        let mac = MacKey::generate().unwrap();
        let terms = self.policy.budget;
        let windows = || Windows::at(0, |_, _| Amounts::default());
        let share = |policy| Share::of(Arc::new(Owner::new(None, windows())), windows(), policy);
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let mut passage = Passage::new(Setup {
            crossing: Arc::clone(&self.crossing),
            identity,
            grants: Arc::new(self.policy.grants(&manifest)),
            tenure: Tenure::new(Arc::default(), policy, manifest, Digest::from([0; 32])),
            rules: self.policy.pii.clone(),
            meter: Arc::new(Meter::open(terms, share(terms.agent), share(terms.tenant)).unwrap()),
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
        });
        passage.must_end_by(Instant::now() + Duration::from_secs(3600));
        passage
    }

    pub(crate) async fn stop(self) {
        self.db.close().await;
        self.cluster.stop().unwrap();
    }
}

fn policy_text() -> String {
    let budget = |name: &str, factor: u64| {
        let names = ["fuel", "memory", "wall-clock", "calls", "log-bytes", "result-bytes"];
        let lines: Vec<String> = names.iter().map(|name| format!("{name} = {}", (1_u64 << 42) * factor)).collect();
        format!("[budget.{name}]\n{}\n", lines.join("\n"))
    };
    let grant = "[[grant]]\ntool = \"sql\"\nverbs = [\"read\"]\nresources = [\"public.points\"]\n";
    format!("name = \"bench\"\n{grant}[budget]\ndenials = 10\n{}{}", budget("run", 1), budget("tenant", 64))
}
