//! `casemate dev`: builds and runs an agent, and does so again whenever one of its files changes. One host stays open
//! the whole time, so that a change is seen as soon as it is compiled. It doesn't know how agents are built or run.

mod stage;
mod watch;

use std::future::Future;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Exit;
use super::{CliError, Format, Global, build, output};
use stage::Stage;
use watch::Watch;

/// Build and run an agent, again at every change.
#[derive(Debug, clap::Args)]
pub(super) struct Dev {
    /// Folder of the agent's package
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// For whom; added if there is no such tenant
    #[arg(long, default_value = "dev", value_name = "NAME")]
    tenant: String,
    /// What the operator grants [default: policy.toml in the folder]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The input, a JSON document [default: input.json in the folder]
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// SQL to apply first, if the agent needs a database [default: schema.sql in the folder, if it is there]
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Build and run once, then end as `casemate run` does
    #[arg(long)]
    once: bool,
}

/// What a run needs besides the component.
#[derive(Debug, Clone)]
struct Files {
    policy: PathBuf,
    input: PathBuf,
    schema: Option<PathBuf>,
}

impl Dev {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let mut ends = Ends::listen()?;
        let mut stage = Stage::new(self.tenant.clone());
        let done = Box::pin(self.repeat(global, &mut stage, &mut ends)).await;
        let closed = stage.close().await;
        let exit = done?;
        closed?;
        Ok(exit)
    }

    async fn repeat(&self, global: &Global, stage: &mut Stage, ends: &mut Ends) -> Result<Exit, CliError> {
        let mut watch =
            if self.once { None } else { Some(Watch::start(&self.folder, &self.files(), &global.config()?.data)?) };
        loop {
            let Some(cycle) = Box::pin(self.cycle(global, stage, ends)).await else { return Ok(Exit::Done) };
            let Some(watch) = &mut watch else { return cycle };
            if let Err(error) = cycle {
                error.print(global.format);
            }
            match global.format {
                Format::Json => output::line(&json!({"type": "watching"}).to_string()),
                Format::Human => output::error_line(&output::dim("waiting for a change; Ctrl-C ends it")),
            }
            match ends.unless(watch.changed()).await {
                None => return Ok(Exit::Done),
                Some(changed) => changed?,
            }
        }
    }

    /// Builds and runs once. Nothing when it was told to end. Opening the host is not cut off: it is closed again.
    async fn cycle(&self, global: &Global, stage: &mut Stage, ends: &mut Ends) -> Option<Result<Exit, CliError>> {
        let built = match ends.unless(build::component(&self.folder, None)).await? {
            Ok(built) => built,
            Err(error) => return Some(Err(error)),
        };
        built.print(global.format);
        let ready = match Box::pin(stage.prepare(global, built.bytes, &self.files())).await {
            Ok(ready) => ready,
            Err(error) => return Some(Err(error)),
        };
        ends.unless(Box::pin(stage.run(global, ready))).await
    }

    fn files(&self) -> Files {
        let or = |given: &Option<PathBuf>, name: &str| given.clone().unwrap_or_else(|| self.folder.join(name));
        let usual = Some(self.folder.join("schema.sql")).filter(|path| Path::is_file(path));
        Files {
            policy: or(&self.policy, "policy.toml"),
            input: or(&self.input, "input.json"),
            schema: self.schema.clone().or(usual),
        }
    }
}

/// The signals that end the loop. One that came while nobody waited is not lost.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    fn listen() -> Result<Self, CliError> {
        let listen = |kind| {
            signal(kind).map_err(|error| CliError::new("host-signals", "raise the limits of this user").because(&error))
        };
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// The work's outcome, unless a signal comes first: then the work is dropped.
    async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => None,
            _ = self.terminate.recv() => None,
            done = work => Some(done),
        }
    }
}
