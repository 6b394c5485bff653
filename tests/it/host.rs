//! A host for one test: a data directory of its own, with tenants and rows, and the program `casemate` run on it as a
//! person would run it. Whatever the test does, no Postgres and no file of it is left over. It doesn't know what is
//! tested.

mod left_over;
mod place;
mod template;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use left_over::{is_alive, postmaster};
pub(crate) use place::{component, example, fresh_directory, guest, program, until, workspace};

use crate::policy::Policy;
use crate::said::Said;

/// What every test returns.
pub(crate) type Tested<T = ()> = Result<T, Box<dyn Error>>;

/// A data directory that ends with the test.
pub(crate) struct Host {
    data: PathBuf,
    // Holds the data directory and what a test writes beside it.
    directory: TempDir,
}

impl Host {
    /// Tenants `acme` and `globex`, each with the example's 300 rows.
    pub(crate) fn seeded() -> Tested<Self> {
        let host = Self::empty()?;
        template::copy_to(&host.data)?;
        Ok(host)
    }

    /// The two tenants, and no Postgres yet.
    pub(crate) fn without_database() -> Tested<Self> {
        let host = Self::empty()?;
        for tenant in ["acme", "globex"] {
            host.ask(&["tenant", "add", tenant])?.expect(0)?;
        }
        Ok(host)
    }

    /// Nothing: the data directory isn't there.
    pub(crate) fn empty() -> Tested<Self> {
        let directory = fresh_directory()?;
        Ok(Self { data: directory.path().join("data"), directory })
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// A file or directory beside the data directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where a zone of the ledger is, from 1.
    pub(crate) fn zone(&self, number: usize) -> PathBuf {
        self.data.join("zones").join(number.to_string())
    }

    /// Writes a file beside the data directory.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> Tested<String> {
        let path = self.beside(name);
        fs::write(&path, contents)?;
        Ok(path.display().to_string())
    }

    /// The program on this data directory, with output for machines.
    pub(crate) fn command(&self, words: &[&str]) -> Tested<Command> {
        let mut command = Command::new(program()?);
        // What asks tests for more is no setting of the host.
        for variable in
            ["CASEMATE_KILL_ROUNDS", "CASEMATE_NEMESIS_SECONDS", "CASEMATE_NEMESIS_SEED", "CASEMATE_BENCH_PART"]
        {
            command.env_remove(variable);
        }
        command.args(words).arg("--data").arg(&self.data).args(["--format", "json"]).stdin(Stdio::null());
        Ok(command)
    }

    /// Runs a command to its end.
    pub(crate) fn ask(&self, words: &[&str]) -> Tested<Said> {
        Said::of(&mut self.command(words)?)
    }

    /// Runs an agent to its end.
    pub(crate) fn run(&self, guest: &str, policy: &Policy, input: &Value, tenants: &[&str]) -> Tested<Said> {
        Said::of(&mut self.run_command(guest, policy, input, tenants)?)
    }

    /// Runs the probe for `acme`, who does these actions.
    pub(crate) fn probe(&self, policy: &Policy, actions: &Value) -> Tested<Said> {
        self.run("probe", policy, actions, &["acme"])
    }

    /// Starts an agent and leaves it running, with its transcript in a pipe.
    pub(crate) fn start(&self, guest: &str, policy: &Policy, input: &Value, tenants: &[&str]) -> Tested<Child> {
        let mut command = self.run_command(guest, policy, input, tenants)?;
        Ok(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// The command that runs an agent.
    pub(crate) fn run_command(&self, guest: &str, policy: &Policy, input: &Value, tenants: &[&str]) -> Tested<Command> {
        let guest = component(guest)?;
        let policy = self.file("policy.toml", policy.text())?;
        let input = self.file("input.json", input.to_string())?;
        let mut words = vec!["run", guest.as_str(), "--policy", policy.as_str(), "--input", input.as_str()];
        words.extend(tenants.iter().flat_map(|tenant| ["--tenant", tenant]));
        self.command(&words)
    }

    /// The key with which the ledger is verified.
    pub(crate) fn key(&self) -> Tested<String> {
        Ok(fs::read_to_string(self.data.join("checkpoint.pub"))?)
    }

    /// Verifies the ledger.
    pub(crate) fn verify(&self) -> Tested<Said> {
        self.ask(&["audit", "verify", "--key", &self.key()?])
    }

    /// The host opens, the tenant's runs can be listed, the host closes, and its ledger is sound.
    pub(crate) fn is_in_order(&self) -> Tested {
        self.ask(&["runs", "--tenant", "acme"])?.expect(0)?;
        self.replays_identically("acme")?;
        self.verify()?.expect(0).map(drop)
    }

    /// Every run of the tenant that ended does, when it is repeated, what is on record of it. Says how many there are.
    pub(crate) fn replays_identically(&self, tenant: &str) -> Tested<u64> {
        let said = self.ask(&["replay", "--all", "--tenant", tenant])?;
        let summary = said.expect(0)?.of_type("replays").next().ok_or("a summary")?;
        let count = |name: &str| crate::said::number(summary, &format!("/{name}"));
        assert_eq!(count("identical") + count("stopped"), count("runs"), "{}", said.stdout);
        Ok(count("runs"))
    }

    /// Rows of `acme`, as the probe sees them when nothing is taken for personal data.
    pub(crate) fn rows(&self, statement: &str) -> Tested<Value> {
        self.rows_of("acme", statement)
    }

    /// Rows of a tenant.
    pub(crate) fn rows_of(&self, tenant: &str, statement: &str) -> Tested<Value> {
        let actions = serde_json::json!([{"do": "sql-query", "statement": statement}]);
        let said = self.run("probe", &Policy::open().flagging(), &actions, &[tenant])?;
        let rows = said.expect(0)?.reply(0)?.pointer("/ok/rows").cloned();
        rows.ok_or_else(|| format!("`{statement}` has no rows: {said:?}").into())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        left_over::stop(&self.data);
    }
}
