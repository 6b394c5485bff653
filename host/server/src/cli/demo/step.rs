//! One step of the demo: a command of this program with its words printed first. It doesn't know the story.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::super::{CliError, Exit, Format, Global, output};

/// What the steps have in common.
pub(super) struct Stage {
    program: PathBuf,
    data: PathBuf,
    components: PathBuf,
    example: PathBuf,
    format: Format,
}

/// What a killed child had said before.
pub(super) struct Killed {
    pub(super) run: String,
    pub(super) crossings: usize,
}

/// An earlier demo that was killed may have left its Postgres running: opening and closing the host ends it.
pub(super) fn stop_left_over(global: &Global) -> Result<(), CliError> {
    let config = global.config()?;
    let directory = config.cluster();
    if directory.join("PG_VERSION").exists() || directory.exists() {
        let cluster = casemate_store::Cluster::start(&directory, config.postgres.as_deref());
        if let Ok(cluster) = cluster {
            // A cluster that can't be stopped is found again by the next start, which says so.
            let _stopped = cluster.stop();
        }
    }
    Ok(())
}

impl Stage {
    pub(super) fn new(data: PathBuf, components: PathBuf, example: PathBuf, format: Format) -> Result<Self, CliError> {
        let program = std::env::current_exe()
            .map_err(|error| CliError::new("host-program", "run casemate from a file").because(&error))?;
        Ok(Self { program, data, components, example, format })
    }

    pub(super) fn component(&self, name: &str) -> String {
        self.components.join(format!("{name}.wasm")).display().to_string()
    }

    pub(super) fn example(&self, file: &str) -> String {
        self.example.join(file).display().to_string()
    }

    pub(super) fn title(&self, title: &str) {
        if self.format == Format::Human {
            output::line("");
            output::line(&output::heading(title));
        }
    }

    /// Runs a command to its end; any other status than the expected ends the demo.
    pub(super) async fn run(&self, words: &[&str], expected: Exit) -> Result<(), CliError> {
        self.show(words);
        let mut command = self.command(words);
        let status = command.status().await.map_err(|error| failed(words, &error.to_string()))?;
        if status.code() == Some(i32::from(expected.number())) {
            return Ok(());
        }
        Err(failed(words, &format!("{status}, where {} was expected", expected.number())))
    }

    /// What a command prints, without printing it.
    pub(super) async fn read(&self, words: &[&str]) -> Result<String, CliError> {
        let read = self.bare(words).stdout(Stdio::piped()).output().await;
        let read = read.map_err(|error| failed(words, &error.to_string()))?;
        Ok(String::from_utf8_lossy(&read.stdout).trim().to_owned())
    }

    /// Kills a run (SIGKILL) once it has told of this many crossings.
    pub(super) async fn kill(&self, words: &[&str], crossings: usize) -> Result<Killed, CliError> {
        self.show(words);
        let mut command = self.bare(words);
        command.args(["--format", "json"]).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| failed(words, &error.to_string()))?;
        let mut run = String::new();
        let mut seen = 0;
        if let Some(stdout) = child.stdout.take() {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(id) = event.get("run").and_then(|id| id.as_str()) {
                    id.clone_into(&mut run);
                }
                if event.get("type").and_then(|kind| kind.as_str()) == Some("crossing") {
                    seen += 1;
                    if seen == crossings {
                        break;
                    }
                }
            }
        }
        child.kill().await.map_err(|error| failed(words, &error.to_string()))?;
        Ok(Killed { run, crossings: seen })
    }

    pub(super) fn say(&self, words: &str) {
        if self.format == Format::Human {
            output::line(words);
        }
    }

    fn show(&self, words: &[&str]) {
        if self.format == Format::Human {
            let shown: Vec<_> = words
                .iter()
                .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() })
                .collect();
            output::line(&format!("{} casemate {}", output::good("$"), shown.join(" ")));
        }
    }

    fn bare(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--data").arg(&self.data).stdin(Stdio::null());
        command
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.bare(words);
        if self.format == Format::Json {
            command.args(["--format", "json"]);
        }
        command
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<String, CliError> {
        let path = self.data.join(name);
        write(&path, text)?;
        Ok(path.display().to_string())
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text)
        .map_err(|error| CliError::new("data-file", format!("make {} writable", path.display())).because(&error))
}

fn failed(words: &[&str], why: &str) -> CliError {
    CliError::new("demo-step", format!("look at the output above: `casemate {}` ended with {why}", words.join(" ")))
}
