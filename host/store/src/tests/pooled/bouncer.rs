//! A PgBouncer that ends with the test. It doesn't know what is asked of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::super::world::AnyError;
use super::{Elsewhere, Listener};

pub(super) const PORT: u16 = 6432;
const START: Duration = Duration::from_secs(10);

/// One of those that `cargo xtask guests` builds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Release(&'static str);

impl Release {
    /// Follows prepared statements from session to session.
    pub(super) const SAFE: Self = Self("1.24.1");
    /// Doesn't know of them.
    pub(super) const OLD: Self = Self("1.18.0");

    fn program(self) -> PathBuf {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pgbouncer");
        target.join(self.0).join("pgbouncer")
    }
}

/// Whether the poolers were built. In CI they have to be.
#[expect(clippy::disallowed_methods, reason = "CI says so")]
pub(super) fn is_there() -> Result<bool, AnyError> {
    let missing = [Release::SAFE, Release::OLD].into_iter().find(|release| !release.program().is_file());
    match missing {
        None => Ok(true),
        Some(release) if std::env::var_os("CI").is_some() => {
            Err(format!("run `cargo xtask guests` first: there is no PgBouncer {}", release.0).into())
        }
        Some(release) => {
            println!("left out: there is no PgBouncer {}; `cargo xtask guests` builds it", release.0);
            Ok(false)
        }
    }
}

/// A directory that the pooler's user reaches.
pub(super) fn room() -> Result<TempDir, AnyError> {
    let made = tempfile::Builder::new().prefix("pooled-").permissions(fs::Permissions::from_mode(0o755)).tempdir()?;
    Ok(made)
}

pub(super) struct Bouncer {
    child: Child,
    directory: PathBuf,
}

impl Bouncer {
    /// Starts one before the server, in transaction mode, with these lines more.
    pub(super) fn start(release: Release, elsewhere: &Elsewhere, lines: &str) -> Result<Self, AnyError> {
        Self::leading_to(release, elsewhere, lines, "")
    }

    /// The same with these words more for the way to the server.
    pub(super) fn leading_to(
        release: Release,
        elsewhere: &Elsewhere,
        lines: &str,
        words: &str,
    ) -> Result<Self, AnyError> {
        let directory = elsewhere.room.path().join(format!("pooler-{}", crate::tests::world::new_id()));
        fs::create_dir(&directory)?;
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o777))?;
        let Listener::Socket(server) = &elsewhere.external.direct.listener else { return Err("a socket".into()) };
        let (users, log) = (directory.join("users.txt"), directory.join("log"));
        fs::write(&users, users_of(elsewhere)?)?;
        let dbname = if words.contains("dbname=") { "" } else { "dbname=casemate" };
        let ini = format!(
            "[databases]\ncasemate = host={} port=5432 {dbname} {words}\n[pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\n\
             unix_socket_dir = {}\nauth_type = scram-sha-256\nauth_file = {}\nlogfile = {}\npool_mode = transaction\n\
             max_client_conn = 500\n{lines}\n",
            server.display(),
            directory.display(),
            users.display(),
            log.display(),
        );
        let file = directory.join("pgbouncer.ini");
        fs::write(&file, ini)?;
        let mut command = Command::new(release.program());
        if rustix::process::geteuid().is_root() {
            command.args(["-u", "postgres"]);
        }
        let child = command.arg("-q").arg(&file).stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut started = Self { child, directory };
        let socket = started.directory.join(format!(".s.PGSQL.{PORT}"));
        let deadline = Instant::now() + START;
        while !socket.exists() {
            if Instant::now() > deadline || started.child.try_wait()?.is_some() {
                return Err(format!("PgBouncer did not start: {}", fs::read_to_string(log).unwrap_or_default()).into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(started)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What `casemate db pooler-users` prints, and the owner, whom a pooler that is taken for the server lets in as well.
fn users_of(elsewhere: &Elsewhere) -> Result<String, AnyError> {
    let path = &elsewhere.external.credentials;
    let mut lines = crate::pooler_users(path)?.to_vec();
    let migrate = password(elsewhere, "migrate")?;
    lines.push(format!("\"casemate_migrate\" \"{}\"", casemate_keys::scram_secret("casemate_migrate", &migrate)));
    Ok(lines.join("\n") + "\n")
}

/// A password of the credentials.
pub(super) fn password(elsewhere: &Elsewhere, login: &str) -> Result<String, AnyError> {
    let text = fs::read_to_string(&elsewhere.external.credentials)?;
    let found = text.lines().find_map(|line| line.strip_prefix(login)?.strip_prefix('='));
    Ok(found.ok_or("a password")?.to_owned())
}
