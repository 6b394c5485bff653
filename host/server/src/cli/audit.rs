//! `casemate audit`: verification without the host, its database or its keys, and the key that an auditor pins. It
//! doesn't know how a log is verified.

use std::collections::BTreeSet;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use casemate_ledger::signed_note::{StandardVerifier, Verifier, VerifierList};
use casemate_ledger::verify::{self, Progress, VerifyError};
use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, Global, output};

/// Verify the audit log.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Audit {
    /// Verify the three zones, or one log that was exported, offline
    Verify {
        /// Only the log in this directory: `audit` in an export of `casemate tenant export`
        #[arg(long, value_name = "DIR")]
        exported: Option<PathBuf>,
        /// The verifier key, as `casemate audit key` printed it when the host was set up; several are separated by commas,
        /// or given one by one
        #[arg(
            long,
            value_name = "NAME+HASH+KEY",
            env = "CASEMATE_VERIFIER_KEY",
            required = true,
            value_delimiter = ','
        )]
        key: Vec<String>,
    },
    /// Print the verifier keys, one a line, for an auditor to keep elsewhere; the first is the active one
    Key,
}

impl Audit {
    pub(super) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        match self {
            Self::Key => key(global),
            Self::Verify { exported: None, key } => verify(global, &key),
            Self::Verify { exported: Some(log), key } => match verify::exported(&log, &verifiers(&key)?) {
                Ok(report) => Ok(sound(global.format, &[report], Zones::None)),
                Err(error) => Err(unsound(&error)),
            },
        }
    }
}

fn key(global: &Global) -> Result<Exit, CliError> {
    let path = global.config()?.verifier_key();
    let key = fs::read_to_string(&path).map_err(|error| {
        let message =
            format!("run an agent first, or name the data directory with --data: {} can't be read", path.display());
        CliError::new("data-file", message).because(&error)
    })?;
    for key in key.lines() {
        match global.format {
            Format::Json => output::line(&json!({"verifier_key": key}).to_string()),
            Format::Human => output::line(key),
        }
    }
    Ok(Exit::Done)
}

/// Most keys that are given at once.
const KEYS: usize = 64;

/// The keys, each once: a list with one twice would be ambiguous. They may come as lines, as `casemate audit key` prints
/// them.
fn verifiers(keys: &[String]) -> Result<VerifierList, CliError> {
    let wrong =
        || CliError::new("input-key", "give the verifier key as `casemate audit key` prints it").with_exit(Exit::Usage);
    let keys: BTreeSet<&str> = keys.iter().flat_map(|keys| keys.split_ascii_whitespace()).collect();
    if keys.is_empty() || keys.len() > KEYS {
        return Err(wrong());
    }
    let verifier = |key: &str| -> Result<Box<dyn Verifier>, CliError> {
        Ok(Box::new(StandardVerifier::new(key).map_err(|_| wrong())?))
    };
    Ok(VerifierList::new(keys.into_iter().map(verifier).collect::<Result<_, _>>()?))
}

fn verify(global: &Global, keys: &[String]) -> Result<Exit, CliError> {
    let keys = verifiers(keys)?;
    let zones = global.config()?.zones;
    let shows = global.format == Format::Human && std::io::stderr().is_terminal();
    let verified = verify::zones(&zones, &keys, &mut |progress| show(shows, &progress));
    if shows {
        output::error_line("");
    }
    match verified {
        Ok(report) => {
            let zones = if report.colocated { Zones::Colocated } else { Zones::Apart };
            Ok(sound(global.format, report.logs(), zones))
        }
        Err(error) => Err(unsound(&error)),
    }
}

/// Verifies one zone alone, for whoever holds something else to it.
pub(super) fn zone(format: Format, zone: &Path, keys: &[String]) -> Result<Exit, CliError> {
    match verify::zone(zone, &verifiers(keys)?, &mut |_| {}) {
        Ok(report) => Ok(sound(format, &report.logs, Zones::None)),
        Err(error) => Err(unsound(&error)),
    }
}

fn show(shows: bool, progress: &Progress) {
    if shows {
        let percent = progress.bytes.saturating_mul(100) / progress.of.max(1);
        eprint!("\rzone {} {percent:>3} % {} frames", progress.zone, progress.frames);
    }
}

/// What was verified beside the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zones {
    /// Nothing: a log that was taken out of its zones.
    None,
    /// Zones on devices of their own.
    Apart,
    /// Zones that share one.
    Colocated,
}

fn sound(format: Format, logs: &[verify::LogReport], zones: Zones) -> Exit {
    let colocated = zones == Zones::Colocated;
    let unanchored: u64 = logs.iter().map(|log| log.unanchored).sum();
    let exit = if unanchored == 0 { Exit::Done } else { Exit::Unanchored };
    match format {
        Format::Json => {
            let log = |log: &verify::LogReport| {
                json!({"log": log.origin.to_string(), "entries": log.size, "checkpoint": log.checkpoint,
                    "unanchored": log.unanchored, "root": hex::encode(log.root)})
            };
            let logs: Vec<_> = logs.iter().map(log).collect();
            output::line(
                &json!({"type": "verified", "logs": logs, "colocated": colocated, "exit": exit.number()}).to_string(),
            );
        }
        Format::Human => {
            let row = |log: &verify::LogReport| {
                let checkpoint = log.checkpoint.map_or_else(|| "none".to_owned(), |size| size.to_string());
                let root: String = hex::encode(log.root).chars().take(16).collect();
                vec![log.origin.to_string(), log.size.to_string(), checkpoint, log.unanchored.to_string(), root]
            };
            let rows = logs.iter().map(row).collect();
            output::line(&output::table(&["log", "entries", "signed", "unsigned", "root"], rows));
            output::line(&output::good(match zones {
                Zones::None => "every entry is in its place, as the checkpoint says",
                _ => "every entry is in its place in all three zones, and the zones agree",
            }));
            if colocated {
                output::line(&output::notable("the zones share a device: one broken disk would take all three"));
            }
            if unanchored > 0 {
                output::line(&output::notable(&format!(
                    "{unanchored} entries are not yet covered by a signed checkpoint"
                )));
            }
        }
    }
    exit
}

fn unsound(error: &VerifyError) -> CliError {
    let exit = match error.code() {
        "ledger-zones-disagree" | "ledger-zones-diverge" => Exit::Diverged,
        "ledger-zone-missing" | "ledger-zone-unreadable" => Exit::Environment,
        _ => Exit::Corrupt,
    };
    let mut made = CliError::new(error.code(), error.to_string()).with_exit(exit);
    if let Some(cause) = std::error::Error::source(error) {
        made = made.because(cause);
    }
    made
}
