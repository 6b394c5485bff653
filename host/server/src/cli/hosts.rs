//! `casemate hosts`: which hosts there are on this Postgres, and what each holds. It doesn't know how they are told apart.

use std::path::PathBuf;

use casemate_store::HostRecord;
use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, Global, jobs, output};
use crate::app::{Office, invite};

/// List the hosts on this Postgres.
#[derive(Debug, clap::Args)]
pub(super) struct Hosts {
    #[command(subcommand)]
    what: Option<What>,
}

/// What else can be done about hosts.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write what another machine needs to be a host on this Postgres: a directory that is to be kept secret
    Invite {
        /// A directory that is not there yet
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

impl Hosts {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        if let Some(What::Invite { out }) = self.what {
            let invited = invite(&global.config()?, &out).await?;
            match global.format {
                Format::Json => output::line(&json!({"configuration": invited.configuration}).to_string()),
                Format::Human => {
                    output::line(&format!("{} {}", output::good("written"), out.display()));
                    output::error_line(
                        "whoever has this directory is a host: bring it there by a way that nobody reads",
                    );
                    output::error_line(&format!(
                        "and there: casemate serve --config {} --data DIR",
                        invited.configuration.display()
                    ));
                }
            }
            return Ok(Exit::Done);
        }
        let office = Office::open(&global.config()?).await?;
        let listed = office.desk.hosts().await;
        office.close().await?;
        let hosts: Vec<HostRecord> = listed?.into_iter().filter(|host| host.slots > 0 || host.running > 0).collect();
        match global.format {
            Format::Json => {
                for host in &hosts {
                    let line = json!({
                        "host": host.id, "name": host.name, "version": host.version, "state": state(host), "slots": host.slots,
                        "running": host.running, "seen_ms": millis(host.seen), "up_ms": millis(host.up),
                    });
                    output::line(&line.to_string());
                }
            }
            Format::Human if hosts.is_empty() => output::error_line("no host is up: start one with `casemate serve`"),
            Format::Human => {
                let row = |host: &HostRecord| {
                    let shown = match state(host) {
                        "up" => output::good("up"),
                        "lost" => output::bad("lost"),
                        other => output::notable(other),
                    };
                    vec![
                        host.id.to_string(),
                        output::printable(&host.name),
                        shown,
                        format!("{} of {}", host.running, host.slots),
                        jobs::span(host.seen),
                        jobs::span(host.up),
                        host.version.clone(),
                    ]
                };
                let heads = ["host", "name", "state", "running", "seen ago", "up", "version"];
                output::line(&output::table(&heads, hosts.iter().map(row).collect()));
            }
        }
        Ok(Exit::Done)
    }
}

const fn state(host: &HostRecord) -> &'static str {
    match (host.is_lost, host.is_draining) {
        (true, _) => "lost",
        (false, true) => "draining",
        (false, false) => "up",
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
