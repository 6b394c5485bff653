//! `casemate serve`: this host claims jobs and drives them until it is told to stop; then it takes no more, and lets what is
//! under way come to its end. It doesn't know what the jobs do.

use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::exit::Exit;
use super::{CliError, Format, Global, output};
use crate::app::{App, Database};

/// Runs for each processor, where nobody says how many: most of an agent's time is spent waiting.
const SLOTS_A_PROCESSOR: usize = 16;

/// Work on jobs, with any number of other hosts on the same Postgres.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Most runs at once [default: 16 for each processor]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    slots: Option<u32>,
    /// Seconds that runs have to come to their end once this host was told to stop; others go on with what has not
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    drain: u64,
}

impl Serve {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let app = App::open(&config, Database::Needed).await?;
        let processors = std::thread::available_parallelism().map_or(1, Into::into);
        let slots = self.slots.unwrap_or_else(|| u32::try_from(processors * SLOTS_A_PROCESSOR).unwrap_or(u32::MAX));
        let worked = Box::pin(self.work(global, &app, slots, &config)).await;
        let closed = app.close().await;
        worked?;
        closed?;
        told(global.format, "stopped", slots);
        Ok(Exit::Done)
    }

    async fn work(
        &self,
        global: &Global,
        app: &App,
        slots: u32,
        config: &crate::config::Config,
    ) -> Result<(), CliError> {
        let worker = app.worker(config, slots).await?;
        let (stop, stopped) = watch::channel(false);
        let mut working = tokio::spawn(worker.work(stopped, Duration::from_secs(self.drain)));
        told(global.format, "serving", slots);
        let signals =
            |kind| signal(kind).map_err(|cause| CliError::new("host-signals", "allow signal handlers").because(&cause));
        let (mut term, mut int) = (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?);
        tokio::select! {
            _ = &mut working => return Err(CliError::new("host-threads", "restart the host: its work has ended")),
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        told(global.format, "draining", slots);
        // Nobody has gone yet who would hear it twice.
        let _heard = stop.send(true);
        tokio::select! {
            _ = &mut working => {}
            _ = term.recv() => working.abort(),
            _ = int.recv() => working.abort(),
        }
        Ok(())
    }
}

fn told(format: Format, state: &str, slots: u32) {
    match format {
        Format::Json => output::line(&json!({"host": state, "slots": slots, "pid": std::process::id()}).to_string()),
        Format::Human => output::line(&match state {
            "serving" => format!("{} jobs, up to {slots} at once; press Ctrl-C to stop", output::good("serving")),
            "draining" => "taking no more jobs; press Ctrl-C again not to wait for those under way".to_owned(),
            state => state.to_owned(),
        }),
    }
}
