//! Makes a cluster's data once. It works in a draft directory that is renamed when complete, so that a host killed in
//! the middle leaves nothing that looks initialised. It doesn't start the server.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::layout::{Layout, write_private};
use super::process::open_log;

/// Locales to try: both sort by code point, so that indexes survive an update of the C library.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

pub(super) fn run(binaries: &Binaries, layout: &Layout, socket: &Path, account: &Account) -> Result<(), ClusterError> {
    let password = hex::encode(casemate_keys::random::<32>().map_err(ClusterError::Random)?);
    write_private(&layout.superuser_file(), password.as_bytes())?;
    let draft = layout.data.with_extension("new");
    // initdb reads the password as the server's user, who can't read the host's directory.
    let handed = socket.join("password");
    write_private(&handed, password.as_bytes())?;
    account.own(&handed)?;
    let made = LOCALES.iter().try_fold(false, |made, locale| {
        if made { Ok(true) } else { attempt(binaries, layout, &draft, &handed, locale, account) }
    });
    fs::remove_file(&handed).map_err(ClusterError::at(&handed))?;
    if !made? {
        return Err(ClusterError::Initdb { log: layout.log.clone() });
    }
    fs::rename(&draft, &layout.data).map_err(ClusterError::at(&layout.data))
}

fn attempt(
    binaries: &Binaries,
    layout: &Layout,
    draft: &Path,
    password: &Path,
    locale: &str,
    account: &Account,
) -> Result<bool, ClusterError> {
    if draft.exists() {
        fs::remove_dir_all(draft).map_err(ClusterError::at(draft))?;
    }
    fs::create_dir(draft).map_err(ClusterError::at(draft))?;
    account.own(draft)?;
    let (log, log_too) = open_log(layout, account)?;
    let program = binaries.program("initdb");
    let mut command = Command::new(&program);
    command.args([OsStr::new("-D"), draft.as_os_str(), OsStr::new("--pwfile"), password.as_os_str()]);
    command.args(["-U", "postgres", "-E", "UTF8", "-A", "scram-sha-256", "--no-instructions", "--data-checksums"]);
    command.arg(format!("--locale={locale}"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC").env("LC_ALL", "C");
    command.current_dir("/").stdin(Stdio::null()).stdout(log).stderr(log_too);
    account.apply(&mut command);
    command.status().map(|status| status.success()).map_err(|source| ClusterError::Program { program, source })
}
