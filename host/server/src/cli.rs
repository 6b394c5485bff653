//! The command line: one file a command, one table of exit statuses, people's output and machines' output. It doesn't
//! know how any command is carried out.

mod approvals;
mod audit;
mod budget;
mod build;
mod config;
mod db;
mod debug;
mod demo;
mod dev;
mod error;
mod errors;
mod evidence;
mod exit;
mod hosts;
mod input;
mod inspect;
mod jobs;
mod keys;
mod metrics;
mod new;
mod output;
mod pack;
mod policy;
mod replay;
mod run;
mod runs;
mod serve;
mod tenant;
mod test;
mod transcript;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

pub use error::CliError;
pub use exit::Exit;

use crate::config::{Config, Filter, Flags, Loaded, Written};

/// The first line of the help.
const ABOUT: &str = "Runs AI agents as WebAssembly components, without ambient authority, on record";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "casemate", version, about = ABOUT, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The host's configuration [env: CASEMATE_CONFIG] [default: config.toml in the data directory, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the host's state: keys, tenants, the embedded Postgres [env: CASEMATE_DATA] [default: casemate-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<OsString>,
    /// The three zones of the ledger, separated by commas [env: CASEMATE_ZONES] [default: three directories in the data
    /// directory]
    #[arg(long, global = true, value_name = "A,B,C")]
    zones: Option<OsString>,
    /// Directory with the binaries of Postgres [env: CASEMATE_POSTGRES] [default: found by themselves]
    #[arg(long, global = true, value_name = "DIR")]
    postgres: Option<OsString>,
    /// For people, or one JSON object a line
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// What the host logs to standard error, such as `info` [env: CASEMATE_LOG]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<OsString>,
}

impl Global {
    /// Flags, environment and file put together, where a command needs it: those that need no host don't mind a
    /// configuration that is wrong.
    fn loaded(&self) -> Result<Loaded, CliError> {
        let flags = [("data", &self.data), ("zones", &self.zones), ("postgres", &self.postgres), ("log", &self.log)];
        let values = flags.into_iter().filter_map(|(key, flag)| Some((key, Written::Text(flag.clone()?)))).collect();
        Ok(Config::load(Flags { file: self.config.clone(), values })?)
    }

    fn config(&self) -> Result<Config, CliError> {
        Ok(self.loaded()?.config)
    }
}

/// Whom output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// People.
    Human,
    /// Machines: one JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new agent's project
    New(new::New),
    /// Build an agent's component
    Build(build::Build),
    /// Build and run an agent, again at every change
    Dev(dev::Dev),
    /// Put a manifest into a component of another tool chain
    Pack(pack::Pack),
    /// Run an agent on an input, and print its way through the gates
    Run(run::Run),
    /// Go on with a run that was interrupted
    Resume(run::Resume),
    /// Work on jobs, until it is told to stop
    Serve(serve::Serve),
    /// Hand jobs over, look at them, cancel, pause, retry and resolve them
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    /// Look at calls that wait for an approval, approve or deny them
    #[command(subcommand)]
    Approvals(approvals::Approvals),
    /// List the hosts on this Postgres, or invite another
    Hosts(hosts::Hosts),
    /// Say what a component is and what it asks for, without running it
    Inspect(inspect::Inspect),
    /// List a tenant's runs
    Runs(runs::Runs),
    /// Repeat runs that ended, and say whether they did what is on record
    Replay(replay::Replay),
    /// Write everything that repeating a run takes to one file
    Evidence(evidence::Evidence),
    /// Step through a run call by call
    Debug(debug::Debug),
    /// Test an agent against recorded replies
    Test(test::Test),
    /// Add, list, suspend, reinstate, export and delete tenants
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Show and set what a tenant and its agents may use
    #[command(subcommand)]
    Budget(budget::Budget),
    /// Write, check, sign and apply policy packs
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Prepare the database, and say what it is
    #[command(subcommand)]
    Db(db::Db),
    /// Show and check the host's configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Verify the audit log, and show the key for it
    #[command(subcommand)]
    Audit(audit::Audit),
    /// List, rotate and export keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// List refusals and problems, or explain one
    Errors(errors::Errors),
    /// Show it all: two tenants, one agent, real rows, a kill, refusals
    Demo(demo::Demo),
}

/// Parses the command line and carries it out.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { global, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _closed = error.print();
            return exit.into();
        }
    };
    // Who needs a configuration that is wrong is told when it asks for it.
    let log = global.config().ok().and_then(|config| config.log);
    crate::telemetry::start(log.as_ref().map(Filter::as_str), global.format == Format::Json);
    let done = runtime().and_then(|runtime| runtime.block_on(command.carry_out(&global)));
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            error.print(global.format);
            error.exit().into()
        }
    }
}

impl Command {
    /// Whether it reads what hosts share before it opens a host, or without.
    const fn reads_shared(&self) -> bool {
        match self {
            Self::Policy(policy) => policy.reads_shared(),
            Self::Run(_) | Self::Tenant(_) | Self::Budget(_) | Self::Keys(_) => true,
            _ => false,
        }
    }

    async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        if self.reads_shared() && global.config().is_ok_and(|config| config.database_host.is_some()) {
            crate::app::catch_up(&global.config()?).await?;
        }
        match self {
            Self::New(new) => new.carry_out(global),
            Self::Build(build) => build.carry_out(global).await,
            Self::Dev(dev) => dev.carry_out(global).await,
            Self::Pack(pack) => pack.carry_out(),
            Self::Run(run) => run.carry_out(global).await,
            Self::Resume(resume) => resume.carry_out(global).await,
            Self::Serve(serve) => serve.carry_out(global).await,
            Self::Jobs(jobs) => jobs.carry_out(global).await,
            Self::Approvals(approvals) => approvals.carry_out(global).await,
            Self::Hosts(hosts) => hosts.carry_out(global).await,
            Self::Inspect(inspect) => inspect.carry_out(global),
            Self::Runs(runs) => runs.carry_out(global).await,
            Self::Replay(replay) => Box::pin(replay.carry_out(global)).await,
            Self::Evidence(evidence) => evidence.carry_out(global).await,
            Self::Debug(debug) => Box::pin(debug.carry_out(global)).await,
            Self::Test(test) => Box::pin(test.carry_out(global)).await,
            Self::Tenant(tenant) => Box::pin(tenant.carry_out(global)).await,
            Self::Budget(budget) => budget.carry_out(global).await,
            Self::Policy(policy) => Box::pin(policy.carry_out(global)).await,
            Self::Db(db) => db.carry_out(global).await,
            Self::Audit(audit) => audit.carry_out(global),
            Self::Keys(keys) => keys.carry_out(global).await,
            Self::Config(config) => config.carry_out(global),
            Self::Errors(errors) => errors.carry_out(global.format),
            Self::Demo(demo) => demo.carry_out(global).await,
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let built = tokio::runtime::Builder::new_multi_thread().thread_name("host").enable_all().build();
    built.map_err(|error| CliError::new("host-threads", "raise the limit of threads for this user").because(&error))
}
