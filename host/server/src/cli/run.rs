//! `casemate run` and `casemate resume`: one agent for one tenant or several at once, with its transcript. It doesn't
//! know how a run is driven.

mod granted;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use casemate_gate::{Digest, RunId, TenantId};
use futures_util::future;
use tokio::sync::mpsc;

pub(super) use granted::{Given, of as granted_of, recorded};

use super::exit::Exit;
use super::transcript::Transcript;
use super::{CliError, Global, evidence, input, metrics, test};
use crate::app::{App, Database, Packs, Tenants};
use crate::clock;
use crate::config::Config;
use crate::crossing::{Ended, Transcription};
use crate::dispatch::{DispatchError, Job};
use crate::sandbox::{Candidate, ComponentError};
use granted::Granted;

/// Run an agent.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// The agent's component
    component: PathBuf,
    /// For whom; several for one run each at the same time
    #[arg(long, required = true, value_name = "NAME")]
    tenant: Vec<String>,
    /// What the operator grants, for tenants without an active pack [default: what the tenant's active pack grants]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The input, a JSON document; `-` for standard input
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where to write metrics of the pool when the runs have ended, in Prometheus' text format
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Write the run's evidence to a file, for `casemate replay` and `casemate debug`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write what the agent asked and was answered to a file, as a case for `casemate test`
    #[arg(long, value_name = "FILE")]
    case: Option<PathBuf>,
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

/// What is written down of the first run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written<'p> {
    /// A case for tests.
    case: Option<&'p Path>,
    /// Its evidence.
    evidence: Option<&'p Path>,
}

impl Run {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        // Everything that can be wrong with what was given is looked at before anything is started.
        if self.case.is_some() && self.tenant.len() > 1 {
            return Err(CliError::new("input-case", "name one tenant: a case is the record of one run"));
        }
        if self.record.is_some() && self.tenant.len() > 1 {
            return Err(CliError::new("evidence-one", "name one tenant: evidence is of one run"));
        }
        let bytes = input::component(&self.component)?;
        let given = self.policy.as_deref().map(input::policy).transpose()?.map(Given::of);
        let document = input::document(&self.input)?;
        let config = global.config()?;
        let digest = Digest::of(&bytes);
        // A component that can't be an agent needs no database, but goes on record.
        let candidate = Candidate::read(bytes);
        let database = self.database(&config, given.as_ref(), candidate.as_ref().ok())?;
        let app = App::open(&config, database).await?;
        let agent = (digest, candidate);
        let written = Written { case: self.case.as_deref(), evidence: self.record.as_deref() };
        let done = Self::runs(&self.tenant, global, &app, agent, given, document, written);
        let done = Box::pin(done).await;
        let written = self.metrics.as_ref().map_or(Ok(()), |path| metrics::write(path, &app.sandbox.pool()));
        let closed = app.close().await;
        let exit = done?;
        written?;
        closed?;
        Ok(exit)
    }

    /// Whether any of the policies grants the agent what needs a database. What holds is looked up again once the host is
    /// open: another process may apply a pack until then.
    fn database(
        &self,
        config: &Config,
        given: Option<&Given>,
        agent: Option<&Candidate>,
    ) -> Result<Database, CliError> {
        let Some(agent) = agent else { return Ok(Database::NotNeeded) };
        let (packs, now_ms) = (Packs::look(config)?, clock::now_ms());
        for name in &self.tenant {
            let held = granted::of(&packs, (name, Tenants::look_up(config, name)?), given, now_ms)?;
            if held.policy.grants(agent.manifest()).need_database() {
                return Ok(Database::Needed);
            }
        }
        Ok(Database::NotNeeded)
    }

    /// One run for each of these tenants, all at the same time, with their transcript. The first is written down as is
    /// asked for.
    pub(super) async fn runs(
        names: &[String],
        global: &Global,
        app: &App,
        (digest, candidate): (Digest, Result<Candidate, ComponentError>),
        given: Option<Given>,
        document: serde_json::Value,
        written: Written<'_>,
    ) -> Result<Exit, CliError> {
        let mut tenants = Vec::new();
        for name in names {
            tenants.push((name.as_str(), app.tenants.named(name)?));
        }
        let kept = candidate.as_ref().ok().map(|candidate| candidate.bytes().to_vec()).unwrap_or_default();
        let jobs = jobs(app, &tenants, (digest, candidate), given.as_ref()).await?;
        let ids: Vec<_> = tenants.iter().map(|(_, id)| *id).collect();
        app.keep(&ids, &kept).await?;
        #[expect(clippy::disallowed_methods, reason = "a run's calls, and so its events, are bounded by its budget")]
        let (events, mut told) = mpsc::unbounded_channel();
        let names = tenants.iter().map(|(name, id)| (*id, (*name).to_owned())).collect::<HashMap<TenantId, _>>();
        let mut transcript = Transcript::new(global.format, names);
        transcript.heads();
        let transcription = written.case.map(|_| Transcription::default());
        if written.evidence.is_some() {
            app.dispatcher.keep_ended();
        }
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
        if let (Some(path), Some(transcription), Some(Ok((_, ended)))) = (written.case, transcription, ended.first()) {
            test::record(path, &transcription, ended)?;
        }
        if let (Some(path), Some(Ok((run, _))), Some((_, tenant))) = (written.evidence, ended.first(), tenants.first())
        {
            evidence::write(app, (*tenant, *run), path, None).await?;
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
        app.hold_to_active_pack(tenant, policy)?;
        // The version with which it began.
        if !app.packs.folder(policy).exists() {
            app.fetch(tenant, policy).await?;
        }
        let policy = recorded(&app.packs, &app.artefacts, policy)?;
        let candidate = Candidate::read(app.fetch(tenant, component).await?);
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

/// One job for each tenant, under the policy that holds for it. The component is admitted once for each policy.
async fn jobs(
    app: &App,
    tenants: &[(&str, TenantId)],
    (digest, candidate): (Digest, Result<Candidate, ComponentError>),
    given: Option<&Given>,
) -> Result<Vec<Job>, CliError> {
    let now_ms = clock::now_ms();
    let mut held: Vec<(Granted, Vec<TenantId>)> = Vec::new();
    for (name, tenant) in tenants {
        let granted = granted::of(&app.packs, (name, *tenant), given, now_ms)?;
        match held.iter_mut().find(|(other, _)| other.policy.digest == granted.policy.digest) {
            Some((_, ids)) => ids.push(*tenant),
            None => held.push((granted, vec![*tenant])),
        }
    }
    let again = candidate.as_ref().ok().cloned();
    let mut first = Some(candidate);
    let mut jobs = Vec::new();
    for (granted, ids) in held {
        let candidate = match (first.take(), &again) {
            (Some(candidate), _) => candidate,
            (None, Some(candidate)) => Ok(candidate.clone()),
            // What is no component was refused for the first of them already.
            (None, None) => break,
        };
        let admitted = app.dispatcher.admit(&ids, digest, candidate, &granted.policy).await;
        let agent = Arc::new(admitted.map_err(|error| granted.explain(error.into()))?);
        if let Some(text) = &granted.text {
            app.keep(&ids, text.as_bytes()).await?;
        }
        let job = |tenant| Job { tenant, agent: Arc::clone(&agent), policy: Arc::clone(&granted.policy) };
        jobs.extend(ids.into_iter().map(job));
    }
    // In the order in which the tenants were named.
    let place = |job: &Job| tenants.iter().position(|(_, tenant)| *tenant == job.tenant);
    jobs.sort_by_key(place);
    Ok(jobs)
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
