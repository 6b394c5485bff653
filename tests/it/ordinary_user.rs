//! The main job as an ordinary user, who has no rights but those to a directory. Under root the test becomes `nobody`
//! for it; otherwise every other test is this one.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use crate::host::{Host, Tested, component, example, program};
use crate::said::{Said, json_lines};

/// The user, by number and name; there is one on every Debian.
const NOBODY: (u32, &str) = (65_534, "nobody");

#[test]
fn the_demo_works_for_an_ordinary_user() -> Tested {
    let host = Host::empty()?;
    let home = host.beside("home");
    fs::create_dir(&home)?;
    if fs::metadata(&home)?.uid() != 0 {
        println!("skipped: this is an ordinary user already");
        return Ok(());
    }
    std::os::unix::fs::chown(&home, Some(NOBODY.0), Some(NOBODY.0))?;
    let data = home.join("data");
    let directory = |path: String| Path::new(&path).parent().map(Path::to_path_buf).ok_or("it has a parent");
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY.1, "--regid", "nogroup", "--clear-groups"]).arg(program()?).arg("demo");
    command
        .arg("--components")
        .arg(directory(component("probe")?)?)
        .arg("--example")
        .arg(directory(example("seed.sql"))?);
    command.arg("--data").arg(&data).args(["--format", "json"]).current_dir("/");
    let said = Said::of(&mut command)?;
    said.expect(0)?;
    assert!(said.of_type("result").count() >= 7, "{}", said.stdout);
    assert_eq!(json_lines(&said.stderr).len(), 0, "no error: {}", said.stderr);
    // What is secret is the user's alone.
    for name in ["host.key", "keys.json", "postgres/credentials", "postgres/superuser"] {
        let meta = fs::metadata(data.join(name))?;
        assert_eq!((meta.uid(), meta.permissions().mode() & 0o077), (NOBODY.0, 0), "{name}");
    }
    assert_eq!(fs::metadata(data.join("postgres/data"))?.uid(), NOBODY.0);
    Ok(())
}

#[test]
fn a_directory_of_somebody_else() -> Tested {
    let host = Host::without_database()?;
    if fs::metadata(host.data())?.uid() != 0 {
        println!("skipped: only root can make a directory of somebody else");
        return Ok(());
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY.1, "--regid", "nogroup", "--clear-groups"]).arg(program()?);
    command.args(["tenant", "list", "--format", "json"]).arg("--data").arg(host.data()).current_dir("/");
    Said::of(&mut command)?.is_error("data-file", 4)?;
    host.ask(&["tenant", "list"])?.expect(0)?;
    host.verify()?.expect(0).map(drop)
}
