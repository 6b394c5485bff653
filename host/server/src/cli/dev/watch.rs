//! Which files are an agent's, and when one of them changes. What a build and a run write is nobody's change. It doesn't
//! know what happens then.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::super::CliError;
use super::Files;

/// How long it must be quiet: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(200);
/// How long a noisy change is waited for at most.
const NOISE: Duration = Duration::from_secs(5);

/// A watch over an agent's folder.
pub(super) struct Watch {
    scope: Scope,
    watched: BTreeSet<PathBuf>,
    watcher: RecommendedWatcher,
    // One is enough to know that there are some.
    changes: mpsc::Receiver<()>,
}

/// What belongs to an agent.
#[derive(Debug, Clone)]
struct Scope {
    folder: PathBuf,
    /// What a run is given; may be elsewhere.
    given: Vec<PathBuf>,
    /// The host's own state; may be inside.
    data: PathBuf,
}

impl Watch {
    /// Begins to watch. Changes from now on are told, also those before the first [`Watch::changed`].
    pub(super) fn start(folder: &Path, files: &Files, data: &Path) -> Result<Self, CliError> {
        let given = [Some(&files.policy), Some(&files.input), files.schema.as_ref()];
        let given = given.into_iter().flatten().map(|path| absolute(path)).collect();
        let scope = Scope { folder: absolute(folder), given, data: absolute(data) };
        let (sender, changes) = mpsc::channel(1);
        let judged = scope.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| judged.concerns(&event)) {
                // Full is as good as sent.
                let _told = sender.try_send(());
            }
        });
        let watcher = watcher.map_err(|error| unwatchable(folder, &error))?;
        let mut watch = Self { scope, watched: BTreeSet::new(), watcher, changes };
        watch.look()?;
        Ok(watch)
    }

    /// Waits for a change, and until it is over.
    pub(super) async fn changed(&mut self) -> Result<(), CliError> {
        self.look()?;
        let gone = || CliError::new("host-watch", "start again: nobody watches the files any more");
        self.changes.recv().await.ok_or_else(gone)?;
        let latest = Instant::now() + NOISE;
        while timeout_at(latest.min(Instant::now() + QUIET), self.changes.recv()).await.is_ok() {}
        Ok(())
    }

    /// Watches what is not watched yet: folders may have come since. Build output and hidden folders are left out, so
    /// that a busy build costs nothing.
    fn look(&mut self) -> Result<(), CliError> {
        let folders = fs::read_dir(&self.scope.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let inside = folders.filter(|path| path.is_dir() && self.scope.is_own(path));
        let mut wanted: Vec<_> = inside.map(|path| (path, RecursiveMode::Recursive)).collect();
        wanted.push((self.scope.folder.clone(), RecursiveMode::NonRecursive));
        let around = self.scope.given.iter().filter_map(|path| path.parent());
        wanted.extend(around.map(|path| (path.to_owned(), RecursiveMode::NonRecursive)));
        for (path, mode) in wanted {
            if !self.watched.contains(&path) {
                self.watcher.watch(&path, mode).map_err(|error| unwatchable(&path, &error))?;
                self.watched.insert(path);
            }
        }
        Ok(())
    }
}

impl Scope {
    fn concerns(&self, event: &Event) -> bool {
        let is_change = !matches!(event.kind, EventKind::Access(_));
        is_change && event.paths.iter().any(|path| self.given.contains(path) || self.is_own(path))
    }

    /// Whether a path is one of the agent's own files: nothing hidden, nothing that is built, no file of the host's, no
    /// copy that an editor made.
    fn is_own(&self, path: &Path) -> bool {
        let Ok(inside) = path.strip_prefix(&self.folder) else { return false };
        // The folder itself changes whenever anything is made in it.
        if inside.as_os_str().is_empty() {
            return false;
        }
        let mut names = inside.components().map(|part| part.as_os_str().as_encoded_bytes());
        let is_noise = |name: &[u8]| name.starts_with(b".") || name.ends_with(b"~") || name == b"Cargo.lock";
        !path.starts_with(&self.data) && !inside.starts_with("target") && !names.any(is_noise)
    }
}

/// The path as events have it.
fn absolute(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let resolved = path.canonicalize().ok().or_else(|| Some(parent.canonicalize().ok()?.join(path.file_name()?)));
    resolved.unwrap_or_else(|| path.to_owned())
}

fn unwatchable(path: &Path, error: &notify::Error) -> CliError {
    let message = format!("raise the limit of inotify watches or use --once: {} can't be watched", path.display());
    CliError::new("host-watch", message).because(error)
}

#[cfg(test)]
mod tests {
    use super::Scope;
    use notify::Event;
    use notify::event::{AccessKind, EventKind, ModifyKind};
    use std::path::PathBuf;

    fn scope() -> Scope {
        let path = PathBuf::from;
        Scope { folder: path("/a"), given: vec![path("/b/policy.toml")], data: path("/a/casemate-data") }
    }

    fn concerns(path: &str) -> bool {
        scope().concerns(&Event::new(EventKind::Modify(ModifyKind::Any)).add_path(PathBuf::from(path)))
    }

    #[test]
    fn own_files_and_given_ones_count() {
        for path in ["/a/src/lib.rs", "/a/Cargo.toml", "/a/casemate.toml", "/a/input.json", "/b/policy.toml"] {
            assert!(concerns(path), "{path}");
        }
    }

    #[test]
    fn what_builds_runs_and_editors_write_does_not() {
        for path in [
            "/a/target/debug/x",
            "/a/.git/index",
            "/a/.casemate/sdk/abi/src/lib.rs",
            "/a/src/.lib.rs.swp",
            "/a/src/lib.rs~",
            "/a/Cargo.lock",
            "/a/casemate-data/zones/1/x",
            "/b/other.toml",
            "/c",
        ] {
            assert!(!concerns(path), "{path}");
        }
        let read = Event::new(EventKind::Access(AccessKind::Any)).add_path(PathBuf::from("/a/src/lib.rs"));
        assert!(!scope().concerns(&read));
    }
}
