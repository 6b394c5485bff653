//! `casemate run` and `casemate resume`: one agent for one tenant or several at once, with its transcript. It doesn't
//! know how a run is driven.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use casemate_gate::policy::Policy;
use casemate_gate::{RunId, TenantId};
use futures_util::future;
use tokio::sync::mpsc;

use super::exit::Exit;
use super::transcript::Transcript;
use super::{CliError, Global, input};
use crate::app::{App, Database};
use crate::crossing::Ended;
use crate::dispatch::{DispatchError, Job};
use crate::sandbox::Sandbox;

/// Run an agent.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// The agent's component
    component: PathBuf,
    /// For whom; several for one run each at the same time
    #[arg(long, required = true, value_name = "NAME")]
    tenant: Vec<String>,
    /// What the operator grants
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The input, a JSON document; `-` for standard input
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
}

/// Go on with a run.
#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    /// Its id, as `casemate runs` shows it
    run: RunId,
    /// Whose it is
    #[arg(long, value_name = "NAME")]
    tenant: String,
}

impl Run {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        // Everything that can be wrong with what was given is looked at before anything is started.
        let bytes = input::component(&self.component)?;
        let (policy, text) = input::policy(&self.policy)?;
        let document = input::document(&self.input)?;
        let sandbox = Arc::new(Sandbox::new()?);
        let agent = Arc::new(sandbox.load(&bytes)?);
        let grants = policy.grants(agent.manifest());
        sandbox.admit(&agent, &grants)?;
        let database = if grants.need_database() { Database::Needed } else { Database::NotNeeded };
        let app = App::open(&global.config()?, sandbox, database).await?;
        let done = self.runs(global, &app, &bytes, (policy, text), agent, document).await;
        let closed = app.close().await;
        let exit = done?;
        closed?;
        Ok(exit)
    }

    async fn runs(
        &self,
        global: &Global,
        app: &App,
        bytes: &[u8],
        (policy, text): (Policy, String),
        agent: Arc<crate::sandbox::Loaded>,
        document: serde_json::Value,
    ) -> Result<Exit, CliError> {
        let mut tenants = Vec::new();
        for name in &self.tenant {
            tenants.push((name.as_str(), app.tenants.named(name)?));
        }
        app.artefacts.keep(bytes)?;
        app.artefacts.keep(text.as_bytes())?;
        let policy = Arc::new(policy);
        #[expect(clippy::disallowed_methods, reason = "a run's calls, and so its events, are bounded by its budget")]
        let (events, mut told) = mpsc::unbounded_channel();
        let names = tenants.iter().map(|(name, id)| (*id, (*name).to_owned())).collect::<HashMap<TenantId, _>>();
        let mut transcript = Transcript::new(global.format, names);
        transcript.heads();
        let jobs: Vec<Job> = tenants
            .iter()
            .map(|(_, tenant)| Job { tenant: *tenant, agent: Arc::clone(&agent), policy: Arc::clone(&policy) })
            .collect();
        let running = jobs.iter().map(|job| app.dispatcher.run(job, document.clone(), Some(events.clone())));
        let running = future::join_all(running);
        drop(events);
        let telling = async {
            while let Some(event) = told.recv().await {
                transcript.tell(&event);
            }
        };
        // The transcript ends when the last run has given up its sender.
        let (ended, ()) = future::join(running, telling).await;
        let named = tenants.iter().map(|(name, _)| (*name).to_owned());
        report(&transcript, named.zip(ended))
    }
}

impl Resume {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let sandbox = Arc::new(Sandbox::new()?);
        let app = App::open(&global.config()?, Arc::clone(&sandbox), Database::Needed).await?;
        let done = Box::pin(self.resume(global, &app, &sandbox)).await;
        let closed = app.close().await;
        let exit = done?;
        closed?;
        Ok(exit)
    }

    async fn resume(&self, global: &Global, app: &App, sandbox: &Sandbox) -> Result<Exit, CliError> {
        let tenant = app.tenants.named(&self.tenant)?;
        let (component, policy) = app.dispatcher.started_with(tenant, self.run).await?;
        let text = String::from_utf8(app.artefacts.get(policy)?)
            .map_err(|error| CliError::new("data-damaged", "restore the policy from its copy").because(&error))?;
        let agent = Arc::new(sandbox.load(&app.artefacts.get(component)?)?);
        let job = Job { tenant, agent, policy: Arc::new(Policy::parse(&text)?) };
        #[expect(clippy::disallowed_methods, reason = "a run's calls, and so its events, are bounded by its budget")]
        let (events, mut told) = mpsc::unbounded_channel();
        let mut transcript = Transcript::new(global.format, HashMap::from([(tenant, self.tenant.clone())]));
        transcript.heads();
        let telling = async {
            while let Some(event) = told.recv().await {
                transcript.tell(&event);
            }
        };
        let resumed = Box::pin(app.dispatcher.resume(&job, self.run, Some(events)));
        let (ended, ()) = future::join(resumed, telling).await;
        report(&transcript, std::iter::once((self.tenant.clone(), ended.map(|ended| (self.run, ended)))))
    }
}

/// Prints how the runs ended; one that could not be recorded is an error, after the others were printed.
fn report(
    transcript: &Transcript,
    runs: impl Iterator<Item = (String, Result<(RunId, Ended), DispatchError>)>,
) -> Result<Exit, CliError> {
    let mut exit = Exit::Done;
    let mut failed = None;
    for (tenant, ended) in runs {
        match ended {
            Ok((run, ended)) => {
                transcript.result(&tenant, run, &ended);
                if ended.result.is_err() {
                    exit = Exit::NoResult;
                }
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(exit), |error| Err(error.into()))
}
