//! `casemate jobs submit`: one job, or one for each line of a file. What is wrong with an agent or a policy is found before
//! anything is accepted. It doesn't know when a job is run.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use casemate_abi::limits;
use casemate_gate::job::Terms;
use casemate_store::Submitted;
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::run::{Given, granted_of};
use super::super::{CliError, Format, Global, input, output};
use super::{show, time};
use crate::app::Office;
use crate::clock;
use crate::dispatch::{Desk, Offer, Submission, after};
use crate::sandbox::Candidate;

/// Most jobs of one file.
const JOBS: usize = 1_000_000;

/// Hand jobs over.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Submit {
    /// The agent's component
    component: PathBuf,
    /// For whom
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// What the operator grants, for a tenant without an active pack [default: what the tenant's active pack grants]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The input, a JSON document; `-` for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "inputs", conflicts_with = "inputs")]
    input: Option<PathBuf>,
    /// Inputs of many jobs, a JSON document a line
    #[arg(long, value_name = "FILE")]
    inputs: Option<PathBuf>,
    /// A name of yours: the same name with the same request is the same job, however often it is submitted
    #[arg(long, value_name = "KEY", conflicts_with = "inputs", value_parser = key)]
    key: Option<String>,
    /// The higher, the earlier, among jobs of one tenant: -100 to 100
    #[arg(long, default_value_t = 0, allow_hyphen_values = true, value_parser = clap::value_parser!(i16).range(-100..=100))]
    priority: i16,
    /// Not before this time has passed, such as 10min
    #[arg(long, value_name = "TIME", value_parser = time)]
    after: Option<Duration>,
    /// Given up when it has no result after this time, waiting included
    #[arg(long, value_name = "TIME", value_parser = time)]
    deadline: Option<Duration>,
    /// How often it is tried, where it fails by what another attempt could do better
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    attempts: u32,
    /// How long the second attempt waits; each later one twice as long
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    backoff: Duration,
    /// Wait for the result and print it, so many seconds at most
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "86400", conflicts_with = "inputs")]
    wait: Option<u64>,
}

fn key(text: &str) -> Result<String, String> {
    let fits = (1..=255).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("use 1 to 255 bytes without control characters".to_owned()) }
}

impl Submit {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let bytes = input::component(&self.component)?;
        let given = self.policy.as_deref().map(input::policy).transpose()?.map(Given::of);
        let document = self.input.as_deref().map(input::document).transpose()?;
        let candidate = Candidate::read(bytes)?;
        let office = Office::open(&global.config()?).await?;
        let done = Box::pin(self.with(global.format, &office, &candidate, given.as_ref(), document)).await;
        let closed = office.close().await;
        let exit = done?;
        closed?;
        Ok(exit)
    }

    async fn with(
        &self,
        format: Format,
        office: &Office,
        candidate: &Candidate,
        given: Option<&Given>,
        document: Option<Value>,
    ) -> Result<Exit, CliError> {
        let tenant = office.tenant(&self.tenant)?;
        let granted = granted_of(&office.packs, (&self.tenant, tenant), given, clock::now_ms())?;
        candidate.may_run_under(&granted.policy).map_err(|error| granted.explain(error.into()))?;
        let desk = &office.desk;
        office.artefacts.keep(candidate.bytes())?;
        desk.keep(tenant, candidate.bytes()).await?;
        if let Some(text) = &granted.text {
            office.artefacts.keep(text.as_bytes())?;
            desk.keep(tenant, text.as_bytes()).await?;
        }
        let offer = Offer {
            tenant,
            agent: candidate.manifest().agent.clone(),
            component: candidate.digest(),
            policy: Arc::clone(&granted.policy),
        };
        let submissions: Vec<Submission> = match (document, &self.inputs) {
            (Some(input), _) => vec![Submission { terms: self.terms(desk, &offer, &input)?, input }],
            (None, Some(path)) => {
                let inputs = lines(path)?.into_iter();
                let submission = |input| Ok(Submission { terms: self.terms(desk, &offer, &input)?, input });
                inputs.map(submission).collect::<Result<_, CliError>>()?
            }
            (None, None) => Vec::new(),
        };
        let all = submissions.len();
        let shows = all > 1 && format == Format::Human && std::io::stderr().is_terminal();
        let accepted = |count: usize| {
            if shows {
                output::progress(&format!("{count} of {all} jobs are accepted"));
            }
        };
        let submitted = desk.submit(&offer, submissions, accepted).await?;
        if shows {
            output::progress("");
        }
        for one in &submitted {
            match format {
                Format::Json => {
                    output::line(&json!({"job": one.job(), "new": matches!(one, Submitted::New(_))}).to_string());
                }
                Format::Human => output::line(&one.job().to_string()),
            }
        }
        if office.is_alone() && format == Format::Human {
            output::error_line("no host is up: start one with `casemate serve`");
        }
        match (self.wait, submitted.first()) {
            (Some(seconds), Some(one)) => {
                let job = desk.ended(tenant, one.job(), Duration::from_secs(seconds)).await?;
                let result = desk.result(tenant, job.run.id).await?;
                show::result(format, &job, result)
            }
            _ => Ok(Exit::Done),
        }
    }

    fn terms(&self, desk: &Desk, offer: &Offer, input: &Value) -> Result<Terms, CliError> {
        let key = |key: &String| Ok::<_, CliError>((key.clone(), desk.request_digest(offer, input)?));
        Ok(Terms {
            attempts: self.attempts,
            backoff: self.backoff,
            priority: self.priority,
            not_before: self.after.map(after),
            deadline: self.deadline.map(after),
            key: self.key.as_ref().map(key).transpose()?,
            ..Terms::default()
        })
    }
}

/// The documents of a file, one a line.
fn lines(path: &std::path::Path) -> Result<Vec<Value>, CliError> {
    let wrong = |cause: &dyn std::error::Error| {
        CliError::new("input-file", format!("name a file of inputs that can be read: {} can't", path.display()))
            .because(cause)
    };
    let file = std::fs::File::open(path).map_err(|error| wrong(&error))?;
    let mut inputs = Vec::new();
    for (number, line) in std::io::BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| wrong(&error))?;
        let place = || format!("line {} of {}", number.saturating_add(1), path.display());
        if line.len() > limits::DOCUMENT_BYTES || inputs.len() >= JOBS {
            let message = format!("submit less at once: {} is over the limit", place());
            return Err(CliError::new("input-too-large", message));
        }
        if !line.trim().is_empty() {
            let parsed = serde_json::from_str(&line);
            inputs.push(parsed.map_err(|error| {
                CliError::new("input-json", format!("make {} a JSON document", place())).because(&error)
            })?);
        }
    }
    Ok(inputs)
}
