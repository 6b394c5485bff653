//! `casemate db status` and `pooler-users`: what an operator wants to know of the database before agents use it. It
//! doesn't check anything itself: a host that could be opened has.

use casemate_store::{Status, pooler_users as users_of};
use serde_json::json;

use super::super::exit::Exit;
use super::super::{CliError, Format, Global, output};
use crate::app::{App, Database};

/// What the start has found to be so, where the host doesn't start the server.
const CHECKED: &str = "version, roles, primary, durability, sessions' settings, prepared statements, transactions";

/// Opens the host, which checks everything, and says what it found.
pub(super) async fn show(global: &Global) -> Result<Exit, CliError> {
    let app = App::open(&global.config()?, Database::Needed).await?;
    let asked = match &app.database {
        Some(database) => database.info().status().await.map_err(CliError::from),
        None => Err(crate::dispatch::DispatchError::NoDatabase.into()),
    };
    let closed = app.close().await;
    let status = asked?;
    closed?;
    match global.format {
        Format::Human => output::line(&output::facts(rows(&status))),
        Format::Json => output::line(&line(&status)),
    }
    Ok(Exit::Done)
}

/// Two lines of PgBouncer's file of users.
pub(super) fn pooler_users(global: &Global) -> Result<Exit, CliError> {
    users_of(&global.config()?.database_credentials)?.iter().for_each(|user| output::line(user));
    Ok(Exit::Done)
}

fn sessions(status: &Status) -> &'static str {
    if status.is_pooled { "shared, transaction by transaction" } else { "their own" }
}

fn rows(status: &Status) -> Vec<Vec<String>> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let is_external = status.address != "embedded";
    let mut rows = vec![
        row("server", format!("{}, Postgres {}", output::printable(&status.address), status.version)),
        row("pooler", status.pooler.as_deref().map_or_else(|| "none".to_owned(), output::printable)),
        row("database", output::printable(&status.database)),
        row("logins", status.logins.join(", ")),
        row("sessions", sessions(status).to_owned()),
    ];
    if is_external {
        let tls = if status.is_verified { "verify-full" } else { "none, on this machine or by `database.tls`" };
        rows.push(row("TLS", tls.to_owned()));
        rows.push(row("keys of", status.host.clone()));
        rows.push(row("checked", output::good(CHECKED)));
    }
    rows
}

fn line(status: &Status) -> String {
    json!({
        "type": "database",
        "server": status.address,
        "version": status.version,
        "pooler": status.pooler,
        "pooled": status.is_pooled,
        "tls": status.is_verified,
        "database": status.database,
        "logins": status.logins,
        "host": status.host,
    })
    .to_string()
}
