//! `casemate replay`: repeats runs that ended, of a host or from evidence alone, and says whether each did what is on
//! record. It doesn't know how a run is repeated.

mod difference;
mod show;

use std::path::{Path, PathBuf};
use std::time::Duration;

use casemate_gate::{RunId, TenantId};
use casemate_keys::DataKey;
use clap::ValueEnum;

use super::exit::Exit;
use super::{CliError, Global, audit, input};
use crate::app::{App, AppError, Database, compiler_of_its_own};
use crate::config::Config;
use crate::dispatch::DispatchError;
use crate::dispatch::evidence::{Evidence, InLog, Remains};
use crate::dispatch::replay::{Limits, Replayed, Replayer, Verdict};
use crate::sandbox::Optimisation;

pub(super) use show::{in_words, replay_line, request};

/// Most runs that are repeated by one command.
const RUNS: u32 = 10_000;

/// Repeat runs that ended.
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    /// The run's id, as `casemate runs` shows it
    #[arg(required_unless_present_any = ["all", "evidence"])]
    run: Option<RunId>,
    /// Whose it is
    #[arg(long, value_name = "NAME", required_unless_present = "evidence")]
    tenant: Option<String>,
    /// Every run of the tenant that has ended
    #[arg(long, conflicts_with = "run")]
    all: bool,
    /// A file that `casemate evidence` or `casemate run --record` wrote; needs no data directory and no database
    #[arg(long, value_name = "FILE", conflicts_with_all = ["run", "tenant", "all"])]
    evidence: Option<PathBuf>,
    /// Hold the evidence to this zone of the ledger, which no host may have open
    #[arg(long, value_name = "DIR", requires = "evidence")]
    zone: Option<PathBuf>,
    /// Verify the zone itself with this key first, as `casemate audit key` printed it
    #[arg(long, value_name = "NAME+HASH+KEY", requires = "zone", value_delimiter = ',')]
    key: Vec<String>,
    /// The run's own key, as `casemate evidence --key-out` wrote it: the records must be those that are sealed in the log
    #[arg(long, value_name = "FILE", requires = "evidence")]
    run_key: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

/// How a run is repeated.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct How {
    /// How far the component's code is optimised; runs are, for speed
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = Level::Speed)]
    opt_level: Level,
    /// Seconds that repeating one run may take
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    limit: u64,
    /// MiB of memory that the run may hold, by its own policy
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    memory: u64,
}

/// How far code is optimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Not at all: a second opinion
    None,
    /// For speed
    Speed,
}

impl How {
    pub(super) const fn optimisation(self) -> Optimisation {
        match self.opt_level {
            Level::None => Optimisation::None,
            Level::Speed => Optimisation::Speed,
        }
    }

    pub(super) const fn limits(self) -> Limits {
        Limits { time: Duration::from_secs(self.limit), memory: self.memory << 20 }
    }
}

/// What is said of one run.
pub(super) enum Told {
    /// It was repeated.
    Replayed(Box<(Evidence, Replayed)>),
    /// Its keys are destroyed.
    Erased(RunId, Remains),
}

impl Told {
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Replayed(replayed) => match replayed.1.verdict {
                Verdict::Diverged(_) => Exit::Otherwise,
                Verdict::Identical | Verdict::Stopped { .. } | Verdict::Environment { .. } => Exit::Done,
            },
            Self::Erased(..) => Exit::Erased,
        }
    }
}

impl Replay {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        match &self.evidence {
            Some(path) => self.away_from_any_host(global, path).await,
            None => self.of_host(global).await,
        }
    }

    async fn away_from_any_host(&self, global: &Global, path: &Path) -> Result<Exit, CliError> {
        let evidence = Evidence::read(&input::evidence(path)?)?;
        // What ties it to the log is looked at first: a run that isn't on record needs no repeating.
        if let Some(path) = &self.run_key {
            let opened = evidence.is_sealed_under(&run_key(path)?)?;
            show::sealed(global.format, opened);
        }
        if let Some(zone) = &self.zone {
            if !self.key.is_empty() {
                audit::zone(global.format, zone, &self.key)?;
            }
            let found: InLog = evidence.is_in_zone(zone)?;
            show::in_log(global.format, &found);
        }
        let (replayed, evidence) = of_evidence(evidence, self.how).await?;
        let told = Told::Replayed(Box::new((evidence, replayed)));
        show::one(global.format, None, &told)?;
        Ok(told.exit())
    }

    async fn of_host(&self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let app = App::open(&config, Database::of(&config)).await?;
        let done = Box::pin(self.on(global, &config, &app)).await;
        let closed = app.close().await;
        let exit = done?;
        closed?;
        Ok(exit)
    }

    async fn on(&self, global: &Global, config: &Config, app: &App) -> Result<Exit, CliError> {
        let name = self.tenant.as_deref().unwrap_or_default();
        let tenant = app.tenants.named(name);
        let Some(run) = self.run else { return Box::pin(self.all(global, config, app, (name, tenant?))).await };
        let told = match tenant {
            Ok(tenant) => {
                let replayer = Replayer::new(app.compiler(config, self.how.optimisation())?, &config.scratch())?;
                self.of(app, &replayer, tenant, run).await?
            }
            Err(error) => Self::without_its_tenant(app, run, error.into())?,
        };
        show::one(global.format, Some(name), &told)?;
        Ok(told.exit())
    }

    /// Repeats one run of a host.
    async fn of(&self, app: &App, replayer: &Replayer, tenant: TenantId, run: RunId) -> Result<Told, CliError> {
        // Without entries: that the host's own journal is what its log has is for evidence to show.
        let evidence = match app.evidence(tenant, run, false).await {
            Ok((evidence, _)) => evidence,
            Err(AppError::Record(error)) if matches!(*error, DispatchError::Erased) => {
                let remains = app.dispatcher.remains(run)?.ok_or(*error)?;
                return Ok(Told::Erased(run, remains));
            }
            Err(AppError::Record(error)) if matches!(*error, DispatchError::NoRun) => {
                return Self::without_its_tenant(app, run, (*error).into());
            }
            Err(AppError::Record(error)) => return Err((*error).into()),
            Err(error) => return Err(error.into()),
        };
        let replayed = Box::pin(replayer.replay(&evidence, None, self.how.limits())).await?;
        Ok(Told::Replayed(Box::new((evidence, replayed))))
    }

    /// A tenant that was deleted has no name any more, or another has it, and its log is still there.
    fn without_its_tenant(app: &App, run: RunId, unknown: CliError) -> Result<Told, CliError> {
        match app.dispatcher.remains(run)? {
            Some(remains) if app.tenants.iter().all(|(_, id)| id != remains.tenant) => Ok(Told::Erased(run, remains)),
            _ => Err(unknown),
        }
    }

    /// Repeats all runs of a tenant that ended, the oldest first.
    async fn all(
        &self,
        global: &Global,
        config: &Config,
        app: &App,
        (name, tenant): (&str, TenantId),
    ) -> Result<Exit, CliError> {
        let replayer = Replayer::new(app.compiler(config, self.how.optimisation())?, &config.scratch())?;
        let mut runs = app.dispatcher.list(tenant, RUNS).await?;
        runs.retain(|run| run.state.is_end());
        runs.reverse();
        let mut table = show::Many::new(global.format, name);
        for run in &runs {
            let told = Box::pin(self.of(app, &replayer, tenant, run.id)).await?;
            table.add(&told)?;
        }
        Ok(table.close())
    }
}

/// Repeats a run from evidence, away from any host.
async fn of_evidence(evidence: Evidence, how: How) -> Result<(Replayed, Evidence), CliError> {
    let room = room()?;
    let replayer = Replayer::new(compiler_of_its_own(room.path(), how.optimisation())?, &room.path().join("scratch"))?;
    let replayed = Box::pin(replayer.replay(&evidence, None, how.limits())).await?;
    Ok((replayed, evidence))
}

/// A directory that ends with the command.
pub(super) fn room() -> Result<tempfile::TempDir, CliError> {
    tempfile::tempdir().map_err(|error| {
        CliError::new("host-temporary", "make the directory for temporary files writable").because(&error)
    })
}

/// A run's key, as it was written beside its evidence.
fn run_key(path: &Path) -> Result<DataKey, CliError> {
    let wrong = || CliError::new("evidence-key", "give the file that `casemate evidence --key-out` wrote");
    let bytes = hex::decode(input::secret(path)?).map_err(|_| wrong())?;
    DataKey::from_bytes(&bytes).map_err(|_| wrong())
}
