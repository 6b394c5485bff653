//! `casemate run` and `casemate resume`: one agent for one tenant or several at once, with its transcript. It doesn't
//! know how a run is driven.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use casemate_gate::policy::Policy;
use casemate_gate::{Digest, RunId, TenantId};
use futures_util::future;
use tokio::sync::mpsc;

use super::exit::Exit;
use super::transcript::Transcript;
use super::{CliError, Global, input, metrics, test};
use crate::app::{App, Database};
use crate::crossing::{Ended, Transcription};
use crate::dispatch::{DispatchError, Job};
use crate::sandbox::{Candidate, ComponentError};

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
    /// Where to write metrics of the pool when the runs have ended, in Prometheus' text format
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Write what the agent asked and was answered to a file, as a case for `casemate test`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
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
        if self.record.is_some() && self.tenant.len() > 1 {
            return Err(CliError::new("input-case", "name one tenant: a case is the record of one run"));
        }
        let bytes = input::component(&self.component)?;
        let (policy, text) = input::policy(&self.policy)?;
        let document = input::document(&self.input)?;
        let digest = Digest::of(&bytes);
        // A component that can't be an agent needs no database, but goes on record.
        let candidate = Candidate::read(bytes);
        let needs = candidate.as_ref().is_ok_and(|agent| policy.grants(agent.manifest()).need_database());
        let database = if needs { Database::Needed } else { Database::NotNeeded };
        let app = App::open(&global.config()?, database).await?;
        let (agent, granted) = ((digest, candidate), (policy, text));
        let done = Self::runs(&self.tenant, global, &app, agent, granted, document, self.record.as_deref());
        let done = Box::pin(done).await;
        let written = self.metrics.as_ref().map_or(Ok(()), |path| metrics::write(path, &app.sandbox.pool()));
        let closed = app.close().await;
        let exit = done?;
        written?;
        closed?;
        Ok(exit)
    }

    /// One run for each of these tenants, all at the same time, with their transcript. The first is written down where
    /// that is asked for.
    pub(super) async fn runs(
        names: &[String],
        global: &Global,
        app: &App,
        (digest, candidate): (Digest, Result<Candidate, ComponentError>),
        (policy, text): (Policy, String),
        document: serde_json::Value,
        record: Option<&Path>,
    ) -> Result<Exit, CliError> {
        let mut tenants = Vec::new();
        for name in names {
            tenants.push((name.as_str(), app.tenants.named(name)?));
        }
        let ids: Vec<TenantId> = tenants.iter().map(|(_, id)| *id).collect();
        let kept = candidate.as_ref().ok().map(|candidate| candidate.bytes().to_vec());
        let agent = Arc::new(app.dispatcher.admit(&ids, digest, candidate, &policy).await?);
        app.artefacts.keep(&kept.unwrap_or_default())?;
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
        let transcription = record.map(|_| Transcription::default());
        let running = jobs.iter().map(|job| {
            app.dispatcher.run_transcribed(job, document.clone(), Some(events.clone()), transcription.clone())
        });
        let running = future::join_all(running);
        drop(events);
        let telling = async {
            while let Some(event) = told.recv().await {
                transcript.tell(&event);
            }
        };
        // The transcript ends when the last run has given up its sender.
        let (ended, ()) = future::join(running, telling).await;
        if let (Some(path), Some(transcription), Some(Ok((_, ended)))) = (record, transcription, ended.first()) {
            test::record(path, &transcription, ended)?;
        }
        let named = tenants.iter().map(|(name, _)| (*name).to_owned());
        report(&transcript, named.zip(ended))
    }
}

impl Resume {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let app = App::open(&global.config()?, Database::Needed).await?;
        let done = Box::pin(self.resume(global, &app)).await;
        let closed = app.close().await;
        let exit = done?;
        closed?;
        Ok(exit)
    }

    async fn resume(&self, global: &Global, app: &App) -> Result<Exit, CliError> {
        let tenant = app.tenants.named(&self.tenant)?;
        let (component, policy) = app.dispatcher.started_with(tenant, self.run).await?;
        let text = String::from_utf8(app.artefacts.get(policy)?)
            .map_err(|error| CliError::new("data-damaged", "restore the policy from its copy").because(&error))?;
        let policy = Policy::parse(&text)?;
        let candidate = Candidate::read(app.artefacts.get(component)?);
        let agent = Arc::new(app.dispatcher.admit(&[tenant], component, candidate, &policy).await?);
        let job = Job { tenant, agent, policy: Arc::new(policy) };
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
