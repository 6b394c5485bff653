//! A PgBouncer before the server, which ends with the value; built by `cargo xtask guests`. It doesn't know who connects.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::server::{Server, account};
use crate::host::{Tested, until, workspace};

/// Follows prepared statements from session to session.
pub(super) const SAFE: &str = "1.24.1";
/// Doesn't know of them.
pub(super) const OLD: &str = "1.18.0";

const START: Duration = Duration::from_secs(20);

pub(crate) struct Pooler {
    child: Child,
    room: TempDir,
}

fn program(release: &str) -> PathBuf {
    workspace().join("target/pgbouncer").join(release).join("pgbouncer")
}

/// Whether the poolers were built. In CI they have to be.
#[expect(clippy::disallowed_methods, reason = "CI says so")]
pub(super) fn is_there() -> Tested<bool> {
    match [SAFE, OLD].into_iter().find(|release| !program(release).is_file()) {
        None => Ok(true),
        Some(release) if std::env::var_os("CI").is_some() => {
            Err(format!("run `cargo xtask guests` first: there is no PgBouncer {release}").into())
        }
        Some(release) => {
            println!("left out: there is no PgBouncer {release}; `cargo xtask guests` builds it");
            Ok(false)
        }
    }
}

impl Pooler {
    /// One in transaction mode, with these users and lines of `pgbouncer.ini`.
    pub(super) fn start(release: &str, server: &Server, users: &str, lines: &str) -> Tested<Self> {
        let room = tempfile::Builder::new().prefix("pb-").permissions(Permissions::from_mode(0o777)).tempdir()?;
        fs::set_permissions(room.path(), Permissions::from_mode(0o777))?;
        let at = |name: &str| room.path().join(name);
        fs::write(at("users.txt"), users)?;
        let ini = format!(
            "[databases]\ncasemate = host={} port={}\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n\
             unix_socket_dir = {}\nauth_type = scram-sha-256\nauth_file = {}\nlogfile = {}\npool_mode = transaction\n\
             {lines}\n",
            server.directory(),
            server.port(),
            room.path().display(),
            at("users.txt").display(),
            at("log").display(),
        );
        fs::write(at("pgbouncer.ini"), ini)?;
        let mut command = Command::new(program(release));
        if account()?.is_some() {
            command.args(["-u", "postgres"]);
        }
        command.arg("-q").arg(at("pgbouncer.ini")).stdin(Stdio::null()).stderr(Stdio::null());
        let started = Self { child: command.spawn()?, room };
        let socket = started.room.path().join(".s.PGSQL.6432");
        until(START, || Ok(socket.exists().then_some(())))?;
        Ok(started)
    }

    pub(super) fn directory(&self) -> &str {
        self.room.path().to_str().unwrap_or_default()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
