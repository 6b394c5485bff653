//! `casemate jobs`: hand jobs over, look at them, change what becomes of them. It works beside hosts that are up. It doesn't
//! know which host does what.

mod show;
mod submit;

use std::time::Duration;

use casemate_gate::{RunId, TenantId};
use casemate_jobs::{Call, Command, Resolution, State};
use casemate_store::JobFilter;

use super::exit::Exit;
use super::run::recorded;
use super::{CliError, Format, Global};
use crate::app::Office;
use crate::dispatch::{DispatchError, Offer};

pub(super) use show::span;

/// Jobs: agents that hosts run when it is their turn, and go on with when a host dies.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Jobs {
    /// Hand jobs over; they are durable on return
    Submit(submit::Submit),
    /// List a tenant's jobs, the newest first
    List {
        /// Whose
        #[arg(long, value_name = "NAME")]
        tenant: String,
        /// Only in this state; several for any of them
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Vec<State>,
        /// Only of this agent
        #[arg(long, value_name = "NAME")]
        agent: Option<String>,
        /// Only those that were submitted before this one: the last of a page gives the next
        #[arg(long, value_name = "JOB")]
        before: Option<RunId>,
        /// How many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Show a job with its attempts, and what it waits for
    Show(Which),
    /// Print a job's result
    Result {
        #[command(flatten)]
        which: Which,
        /// Wait for it, so many seconds at most
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "86400")]
        wait: Option<u64>,
    },
    /// End a job: no call of it passes any more once this has returned
    Cancel(Which),
    /// Have a job stand still: no call of it passes any more once this has returned
    Pause(Which),
    /// Let a paused job go on
    Continue(Which),
    /// Try a job once more, from its start, that ended without a result
    Retry(Which),
    /// Say what became of a call of which nobody knows whether it had its effect
    Resolve {
        #[command(flatten)]
        which: Which,
        /// The call, as `jobs show` has it: its number and its claim, such as 3.1
        #[arg(long, value_name = "CALL", value_parser = call)]
        call: Call,
        /// `happened`, `did-not-happen` (the call is made again) or `give-up`
        #[arg(long, value_name = "WHAT", value_parser = resolution)]
        outcome: Resolution,
    },
    /// Take jobs away that ended long ago, with their journals; the audit log keeps what it has
    Prune {
        /// Whose
        #[arg(long, value_name = "NAME")]
        tenant: String,
        /// Ended longer than this ago, such as 30d
        #[arg(long, value_name = "TIME", value_parser = time)]
        older_than: Duration,
    },
}

/// One job.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The job, or one of its runs
    job: RunId,
    /// Whose
    #[arg(long, value_name = "NAME")]
    tenant: String,
}

impl Jobs {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        if let Self::Submit(submit) = self {
            return submit.carry_out(global).await;
        }
        let office = Office::open(&global.config()?).await?;
        let done = Box::pin(self.with(global.format, &office)).await;
        let closed = office.close().await;
        let exit = done?;
        closed?;
        Ok(exit)
    }

    async fn with(self, format: Format, office: &Office) -> Result<Exit, CliError> {
        let desk = &office.desk;
        match self {
            Self::Submit(_) => {}
            Self::List { tenant, state, agent, before, limit } => {
                let agent = agent.map(TryInto::try_into).transpose();
                let agent = agent.map_err(|error| CliError::new("input-agent", "name an agent").because(&error))?;
                let filter = JobFilter { states: state, agent, before, limit };
                show::list(format, &desk.list(office.tenant(&tenant)?, &filter).await?);
            }
            Self::Show(which) => show_job(format, office, &which).await?,
            Self::Result { which, wait } => {
                let tenant = office.tenant(&which.tenant)?;
                let job = match wait {
                    Some(seconds) => desk.ended(tenant, which.job, Duration::from_secs(seconds)).await?,
                    None => desk.job(tenant, which.job).await?,
                };
                let result = desk.result(tenant, job.run.id).await?;
                return show::result(format, &job, result);
            }
            Self::Cancel(which) => command(format, office, &which, Command::Cancel).await?,
            Self::Pause(which) => command(format, office, &which, Command::Pause).await?,
            Self::Continue(which) => command(format, office, &which, Command::Unpause).await?,
            Self::Resolve { which, call, outcome } => {
                command(format, office, &which, Command::Resolve { call, resolution: outcome }).await?;
            }
            Self::Retry(which) => {
                let tenant = office.tenant(&which.tenant)?;
                let offer = async |run: &casemate_store::RunRecord| offer(office, tenant, run).await;
                let submitted = desk.retry(offer, tenant, which.job).await?;
                show::changed(format, submitted.job(), &desk.job(tenant, submitted.job()).await?.run);
            }
            Self::Prune { tenant, older_than } => {
                let gone = desk.forget(office.tenant(&tenant)?, older_than).await?;
                show::pruned(format, gone);
            }
        }
        Ok(Exit::Done)
    }
}

/// What a run was submitted with.
async fn offer(office: &Office, tenant: TenantId, run: &casemate_store::RunRecord) -> Result<Offer, DispatchError> {
    // A pack's policy is kept with the pack.
    if !office.packs.folder(run.policy).exists() {
        office.fetch(tenant, run.policy).await.map_err(|_| DispatchError::Changed)?;
    }
    let policy = recorded(&office.packs, &office.artefacts, run.policy).map_err(|_| DispatchError::Changed)?;
    Ok(Offer { tenant, agent: run.agent.clone(), component: run.component, policy: policy.into() })
}

async fn command(format: Format, office: &Office, which: &Which, command: Command) -> Result<(), CliError> {
    let tenant = office.tenant(&which.tenant)?;
    office.desk.command(tenant, which.job, command).await?;
    let job = office.desk.job(tenant, which.job).await?;
    show::changed(format, job.id, &job.run);
    Ok(())
}

async fn show_job(format: Format, office: &Office, which: &Which) -> Result<(), CliError> {
    let tenant = office.tenant(&which.tenant)?;
    let job = office.desk.job(tenant, which.job).await?;
    let attempts = office.desk.attempts(tenant, job.id).await?;
    show::job(format, &job, &attempts);
    Ok(())
}

fn state(name: &str) -> Result<State, String> {
    let names = || State::ALL.map(State::name).join(", ");
    State::parse(name).ok_or_else(|| format!("name one of {}", names()))
}

/// A time as people write it: a whole number of ms, s, min, h or d.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 6] =
        [("ms", 1), ("min", 60_000), ("m", 60_000), ("s", 1000), ("h", 3_600_000), ("d", 86_400_000)];
    let form = || "write a time as a whole number with ms, s, min, h or d behind it, such as 90s".to_owned();
    let (unit, factor) = UNITS.into_iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(form)?;
    let number: u64 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| form())?;
    number.checked_mul(factor).map(Duration::from_millis).ok_or_else(form)
}

fn call(text: &str) -> Result<Call, String> {
    let parsed = text.split_once('.').and_then(|(seq, epoch)| Some((seq.parse().ok()?, epoch.parse().ok()?)));
    parsed.map(|(seq, epoch)| Call { seq, epoch }).ok_or_else(|| "write CALL.CLAIM, such as 3.1".to_owned())
}

fn resolution(text: &str) -> Result<Resolution, String> {
    match text {
        "happened" => Ok(Resolution::Happened),
        "did-not-happen" => Ok(Resolution::DidNotHappen),
        "give-up" => Ok(Resolution::GiveUp),
        _ => Err("say happened, did-not-happen or give-up".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::time;
    use std::time::Duration;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("5min"), Ok(Duration::from_secs(300)));
        assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(time("30d"), Ok(Duration::from_secs(2_592_000)));
        for wrong in ["", "s", "1.5s", "-1s", "10", "1y", "99999999999999999999s", "9999999999999999d"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
