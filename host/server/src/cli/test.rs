//! `casemate test`: an agent's own tests. Each case is a run of the real component in the real sandbox through the real
//! gates; only the world behind the gates is a recording. It doesn't know what an agent is for.

mod case;
mod cell;
mod compare;
mod layout;
pub(super) mod notation;
mod policy;
mod show;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use casemate_gate::policy::Policy;
use casemate_gate::{Digest, Reply};
use casemate_pii::{Channel, Mode, Token};

use super::exit::Exit;
use super::{CliError, Global, build, input};
use crate::app::{App, Database};
use crate::config::Config;
use crate::crossing::{Ended, Transcription};
use crate::dispatch::{Job, Rehearsal, Rehearsed};
use crate::sandbox::Candidate;
use crate::tools::{Order, Recorded, Script};
use case::Case;
use show::Verdict;

/// Most cases of one agent.
const CASES: usize = 1_000;
/// Where an agent's cases are, in its folder.
const FOLDER: &str = "tests";

/// Test an agent against recorded replies.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// The agent's folder; its cases are the files `tests/*.json`
    #[arg(default_value = ".")]
    directory: PathBuf,
    /// The agent's component [default: the folder is built]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// What the operator grants [default: policy.toml in its folder, or else all that its manifest names]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Only the case of this name; can be given several times
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,
    /// Write down what the agent does now as what is expected of it; look at the difference first
    #[arg(long)]
    update: bool,
}

/// A case and where it stands.
struct Found {
    name: String,
    path: PathBuf,
    case: Case,
}

impl Test {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let found = self.cases()?;
        let bytes = match &self.component {
            Some(path) => input::component(path)?,
            None => build::component(&self.directory, None).await?.bytes,
        };
        let digest = Digest::of(&bytes);
        let candidate = Candidate::read(bytes)?;
        let policy = policy::of(&self.directory, self.policy.as_deref(), candidate.manifest())?;
        // A host of its own, whose keys and records end with it.
        let room = tempfile::tempdir().map_err(|error| {
            CliError::new("host-temporary", "make the directory for temporary files writable").because(&error)
        })?;
        let config = Config::of_directory(&room.path().join("data"));
        let mut app = App::open(&config, Database::Recorded).await?;
        let tested = Box::pin(self.all(global, &mut app, (digest, candidate), policy, found)).await;
        let closed = app.close().await;
        let verdicts = tested?;
        closed?;
        show::summary(global.format, &verdicts);
        Ok(if verdicts.contains(&Verdict::Failed) { Exit::NoResult } else { Exit::Done })
    }

    async fn all(
        &self,
        global: &Global,
        app: &mut App,
        (digest, candidate): (Digest, Candidate),
        policy: Policy,
        found: Vec<Found>,
    ) -> Result<Vec<Verdict>, CliError> {
        let tenant = app.add_tenant("test").await?;
        let agent = Arc::new(app.dispatcher.admit(&[tenant], digest, Ok(candidate), &policy).await?);
        let policy = Arc::new(policy);
        let mut verdicts = Vec::new();
        for found in found {
            let begun = Instant::now();
            let job = Job { tenant, agent: Arc::clone(&agent), policy: Arc::clone(&policy) };
            let order = if self.update { Order::Followed } else { Order::Kept };
            let run = Box::pin(rehearse(app, &job, &found.case, order)).await?;
            let differences = compare::compare(&found.case, &run).map_err(|error| unwritable(&error))?;
            let verdict = match (differences.is_empty(), self.update) {
                (true, _) => Verdict::Passed,
                (false, false) => Verdict::Failed,
                (false, true) => {
                    update(found.case, &found.path, run)?;
                    Verdict::Updated
                }
            };
            show::case(global.format, &found.name, verdict, begun.elapsed(), &differences);
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }

    /// The cases, by name.
    fn cases(&self) -> Result<Vec<Found>, CliError> {
        let folder = self.directory.join(FOLDER);
        let none = || {
            let words = "record a case with `casemate run … --case FILE.json`, or name a folder that has some";
            CliError::new("input-no-cases", format!("{words}: there is none in {}", folder.display()))
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|error| none().because(&error))? {
            let path = entry.map_err(|error| none().because(&error))?.path();
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let is_asked_for = self.case.is_empty() || self.case.contains(&name);
            if path.extension().is_some_and(|extension| extension == "json") && is_asked_for {
                found.push((name, path));
            }
            if found.len() > CASES {
                let words = format!("leave at most {CASES} cases in {}", folder.display());
                return Err(CliError::new("input-too-many-cases", words));
            }
        }
        if found.is_empty() {
            return Err(none());
        }
        found.sort();
        found.into_iter().map(|(name, path)| Ok(Found { case: read(&path)?, name, path })).collect()
    }
}

fn read(path: &Path) -> Result<Case, CliError> {
    Case::parse(&input::case(path)?).map_err(|error| {
        let words = format!("correct {}: {}", path.display(), super::output::printable(&error));
        CliError::new("input-case", words)
    })
}

/// Runs the agent on a case.
async fn rehearse(app: &App, job: &Job, case: &Case, order: Order) -> Result<Rehearsed, CliError> {
    let tokens = case.tokens().map_err(|error| unwritable(&error))?;
    // The ways on which an agent comes by a token that it can send back.
    let ways = [Channel::Input, Channel::Argument, Channel::Reply];
    let mode = |token: &Token, way| job.policy.pii.of(way).mode(token.class());
    let reversible = tokens.into_iter().filter(|token| ways.iter().any(|way| mode(token, *way) == Mode::Reversible));
    let answers = case.calls.iter().map(|entry| {
        let answer = entry.answer.clone();
        let answer = answer.map(|answer| answer.or_else(|note| note.refusal().map_or(Ok(Reply::Unit), Err)));
        Recorded { operation: entry.request.operation(), answer }
    });
    let rehearsal = Rehearsal {
        input: case.input.clone(),
        start_ms: case.start_ms(),
        script: Script::new(answers.collect(), order, case.start_ms()),
        tokens: reversible.collect(),
    };
    let (_, run) = app.dispatcher.rehearse(job, rehearsal).await?;
    Ok(run)
}

/// Writes down what the agent did.
fn update(case: Case, path: &Path, run: Rehearsed) -> Result<(), CliError> {
    if let Err(refusal) = &run.result
        && refusal.code() == casemate_abi::Code::RunDiverged
    {
        let words = format!("record {} again: {}", path.display(), refusal.message());
        return Err(CliError::new("input-case", words));
    }
    let case = case.with(run.exchanges, run.result).map_err(|error| unwritable(&error))?;
    write(path, &case)
}

/// Writes down a run as a case.
pub(super) fn record(path: &Path, transcription: &Transcription, ended: &Ended) -> Result<(), CliError> {
    let exchanges = transcription.exchanges().map_err(|refusal| {
        CliError::new("input-case", "record a run whose calls can all be searched for personal data").because(&refusal)
    })?;
    let input = serde_json::from_str(&transcription.input()).map_err(|error| unwritable(&error))?;
    let case = Case::recorded(input, exchanges, ended.result.clone()).map_err(|error| unwritable(&error))?;
    write(path, &case)
}

/// Writes a case to its file.
fn write(path: &Path, case: &Case) -> Result<(), CliError> {
    let text = case.text().map_err(|error| unwritable(&error))?;
    fs::write(path, text).map_err(|error| {
        CliError::new("input-case-file", format!("name a file that can be written: {} can't", path.display()))
            .because(&error)
    })
}

fn unwritable(error: &serde_json::Error) -> CliError {
    CliError::new("input-case", "record the case again: it can't be written as JSON").because(error)
}
