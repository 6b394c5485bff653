//! The host of `casemate dev`: opened when it is first needed, with a database as soon as an agent needs one, and kept
//! for all runs. It doesn't know when there is one.

use casemate_gate::Digest;
use serde_json::Value;

use super::super::exit::Exit;
use super::super::run::{Given, Run, Written};
use super::super::{CliError, Global, input};
use super::Files;
use crate::app::{App, Database};
use crate::sandbox::Candidate;

/// The host, if it is open.
pub(super) struct Stage {
    tenant: String,
    app: Option<App>,
    // The SQL that the database has had.
    applied: Option<String>,
}

/// An agent, with what it runs on.
pub(super) struct Ready {
    digest: Digest,
    agent: Candidate,
    given: Given,
    document: Value,
}

impl Stage {
    pub(super) const fn new(tenant: String) -> Self {
        Self { tenant, app: None, applied: None }
    }

    /// Opens the host as the agent needs it, and sees to tenant and tables.
    pub(super) async fn prepare(&mut self, global: &Global, bytes: Vec<u8>, files: &Files) -> Result<Ready, CliError> {
        let given = Given::of(input::policy(&files.policy)?);
        let document = input::document(&files.input)?;
        let digest = Digest::of(&bytes);
        let agent = Candidate::read(bytes)?;
        let needs = given.policy.grants(agent.manifest()).need_database();
        self.open(global, if needs { Database::Needed } else { Database::NotNeeded }).await?;
        if let Some(app) = &mut self.app {
            if app.tenants.named(&self.tenant).is_err() {
                app.add_tenant(&self.tenant).await?;
            }
            if let (Some(schema), Some(database)) = (&files.schema, &app.database) {
                let sql = input::sql(schema)?;
                if self.applied.as_ref() != Some(&sql) {
                    database.info().apply_sql(&sql).await?;
                    database.expect_safe().await?;
                    self.applied = Some(sql);
                }
            }
        }
        Ok(Ready { digest, agent, given, document })
    }

    /// Runs an agent to its end, with its transcript.
    pub(super) async fn run(&self, global: &Global, ready: Ready) -> Result<Exit, CliError> {
        let Some(app) = &self.app else {
            return Err(CliError::new("host-closed", "start again: the host is not open"));
        };
        let Ready { digest, agent, given, document } = ready;
        let tenants = std::slice::from_ref(&self.tenant);
        Box::pin(Run::runs(tenants, global, app, (digest, Ok(agent)), Some(given), document, Written::default())).await
    }

    /// Takes the host down, if there is one.
    pub(super) async fn close(self) -> Result<(), CliError> {
        match self.app {
            Some(app) => Ok(app.close().await?),
            None => Ok(()),
        }
    }

    async fn open(&mut self, global: &Global, database: Database) -> Result<(), CliError> {
        let is_enough = |app: &App| database == Database::NotNeeded || app.database.is_some();
        if self.app.as_ref().is_some_and(is_enough) {
            return Ok(());
        }
        if let Some(app) = self.app.take() {
            app.close().await?;
        }
        self.app = Some(App::open(&global.config()?, database).await?);
        Ok(())
    }
}
