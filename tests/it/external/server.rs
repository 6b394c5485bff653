//! A Postgres that isn't the host's: started by the test on a socket and on this machine's network, stopped with it. It
//! doesn't know who uses it.

use std::cell::RefCell;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::authority::Authority;
use crate::host::{Tested, until};

const START: Duration = Duration::from_secs(60);
const PASSWORD: &str = "a test's superuser";

pub(crate) struct Server {
    child: RefCell<Child>,
    binaries: PathBuf,
    port: u16,
    // A short path, because a socket's name is limited; the data, the socket and the log are in it.
    room: TempDir,
}

impl Server {
    pub(crate) fn start() -> Tested<Self> {
        let room = tempfile::Builder::new().prefix("pg-").permissions(Permissions::from_mode(0o755)).tempdir()?;
        let binaries = binaries()?;
        let data = room.path().join("data");
        fs::create_dir(&data)?;
        fs::set_permissions(&data, Permissions::from_mode(0o700))?;
        let word = room.path().join("word");
        fs::write(&word, PASSWORD)?;
        for path in [&data, &word, &room.path().to_owned()] {
            if let Some((uid, gid)) = account()? {
                chown(path, Some(uid), Some(gid))?;
            }
        }
        let mut initdb = as_its_user(&binaries.join("initdb"))?;
        initdb.arg("-D").arg(&data).arg("--pwfile").arg(&word);
        initdb.args(["-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "--no-sync"]);
        let made = initdb.output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = spawn(&binaries, room.path(), port, &[])?;
        let server = Self { child: RefCell::new(child), binaries, port, room };
        server.is_ready()?;
        Ok(server)
    }

    /// The same data with TLS, by a certificate for `localhost`, and nobody without it over the network.
    pub(crate) fn restart_with_tls(&self, authority: &Authority) -> Tested {
        stop(&mut self.child.borrow_mut())?;
        let rules = "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(self.room.path().join("data/pg_hba.conf"), rules)?;
        let settings = [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", authority.certificate().display()),
            format!("ssl_key_file={}", authority.key().display()),
        ];
        *self.child.borrow_mut() = spawn(&self.binaries, self.room.path(), self.port, &settings)?;
        self.is_ready()
    }

    /// As after a crash: nobody is waited for, and the log is read anew.
    pub(crate) fn crash(&self) -> Tested {
        let mut child = self.child.borrow_mut();
        Command::new("kill").args(["-QUIT", &child.id().to_string()]).status()?;
        until(START, || Ok(child.try_wait()?))?;
        *child = spawn(&self.binaries, self.room.path(), self.port, &[])?;
        drop(child);
        self.is_ready()
    }

    fn is_ready(&self) -> Tested {
        until(START, || Ok(self.ask("postgres", "select 1").ok())).map(drop)
    }

    /// What the superuser gets for a query.
    pub(crate) fn ask(&self, database: &str, query: &str) -> Tested<String> {
        let output = self.client("psql", database).args(["-XAt", "-v", "ON_ERROR_STOP=1", "-c", query]).output()?;
        if output.status.success() {
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
    }

    /// A program of Postgres's, as the superuser.
    pub(crate) fn client(&self, program: &str, database: &str) -> Command {
        let mut client = Command::new(self.binaries.join(program));
        self.reached_by(&mut client, database);
        client
    }

    /// Any program that knows Postgres's variables, as the superuser.
    pub(crate) fn reached_by<'a>(&self, program: &'a mut Command, database: &str) -> &'a mut Command {
        program.env("PGUSER", "postgres").env("PGPASSWORD", PASSWORD).env("PGDATABASE", database);
        program.env("PGHOST", self.directory()).env("PGPORT", self.port.to_string())
    }

    pub(crate) fn directory(&self) -> &str {
        self.room.path().to_str().unwrap_or_default()
    }

    pub(crate) fn room(&self) -> &Path {
        self.room.path()
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) const fn password(&self) -> &'static str {
        PASSWORD
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(stop(&mut self.child.borrow_mut()));
    }
}

/// Fast shutdown; SIGKILL for one that doesn't.
fn stop(child: &mut Child) -> Tested {
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    let stopped = until(START, || Ok(child.try_wait()?));
    if stopped.is_err() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}

fn spawn(binaries: &Path, room: &Path, port: u16, settings: &[String]) -> Tested<Child> {
    let mut postgres = as_its_user(&binaries.join("postgres"))?;
    let log = fs::OpenOptions::new().create(true).append(true).open(room.join("log"))?;
    postgres.arg("-D").arg(room.join("data")).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    postgres.args(["-c", &format!("unix_socket_directories={}", room.display())]);
    postgres.args(settings.iter().flat_map(|setting| ["-c", setting]));
    Ok(postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?)
}

/// Postgres refuses root.
pub(super) fn as_its_user(program: &Path) -> Tested<Command> {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = account()? {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/");
    Ok(command)
}

/// The user `postgres`, where this is root.
pub(super) fn account() -> Tested<Option<(u32, u32)>> {
    let id = Command::new("id").arg("-u").output()?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let line = users.lines().find(|line| line.starts_with("postgres:")).ok_or("a user `postgres`")?;
    let mut fields = line.split(':').skip(2);
    let mut next = || fields.next().ok_or("a line of passwd");
    Ok(Some((next()?.parse()?, next()?.parse()?)))
}

fn binaries() -> Tested<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest =
        debian.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path()))).max();
    if let Some((_, version)) = newest {
        return Ok(version.join("bin"));
    }
    let named = Command::new("pg_config").arg("--bindir").output()?;
    Ok(PathBuf::from(String::from_utf8(named.stdout)?.trim()))
}
