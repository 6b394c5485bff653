//! Native code that somebody else made: given as a component, or put where the host keeps code that it compiled. None
//! of it ever runs. It doesn't know how the host tells.

use std::fs;
use std::path::PathBuf;

use super::assemble;
use super::judged;
use super::script::named;
use crate::host::{Host, Tested};
use crate::said::text;

/// What stands before the code in a file of the cache: its first line and the host's MAC.
const HEAD: usize = "casemate code 1\n".len() + 32;
/// Two guests that return different results.
const GUESTS: [(&str, &str); 2] = [("memory-bomb-that-gives-up", "16"), ("memory-table-past-the-profile", "true")];

/// The file that compiling a guest leaves in the cache.
fn compiled(host: &Host, name: &str) -> Tested<PathBuf> {
    let folder = host.data().join("code");
    let list = || fs::read_dir(&folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>());
    let before = list().unwrap_or_default();
    judged::run(host, &named(name)?)?.measured.said.expect(0)?;
    let mut fresh: Vec<PathBuf> = list()?.into_iter().filter(|path| !before.contains(path)).collect();
    match (fresh.pop(), fresh.len()) {
        (Some(path), 0) => Ok(path),
        _ => Err(format!("{} has not one file more than before", folder.display()).into()),
    }
}

fn returns(host: &Host, name: &str, result: &str) -> Tested {
    let said = judged::run(host, &named(name)?)?.measured.said;
    let returned = said.expect(0)?.result()?.get("result").map(ToString::to_string);
    assert_eq!(returned.as_deref(), Some(result), "{name}: {said:?}");
    Ok(())
}

#[test]
fn compiled_code_is_no_component() -> Tested {
    let host = Host::without_database()?;
    let (name, _) = GUESTS[0];
    let code = fs::read(compiled(&host, name)?)?.split_off(HEAD);
    assert!(code.starts_with(b"\x7fELF"), "it is the real thing");
    let guest = named(name)?;
    let manifest = assemble::manifest(name, &[])?;
    for bytes in [code.clone(), assemble::with_manifest(code.clone(), &manifest)] {
        let judged = judged::run_bytes(&host, &guest, &bytes)?;
        judged.measured.said.is_error("component-precompiled", 3)?;
        assert_eq!(judged.on_record, 1, "it was refused on record");
    }
    // As a section of a component it is what any other section without a meaning is: nothing.
    let unnamed = [vec![0], code].concat();
    let section = [assemble::component(&guest)?, assemble::section(0, &unnamed)].concat();
    let judged = judged::run_bytes(&host, &guest, &section)?;
    assert_eq!(text(judged.measured.said.expect(0)?.result()?, "/type"), "result");
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_file_in_the_cache_that_is_not_the_hosts_is_not_run() -> Tested {
    let host = Host::without_database()?;
    let [(one, says), (other, _)] = GUESTS;
    let (path, foreign) = (compiled(&host, one)?, compiled(&host, other)?);
    let own = fs::read(&path)?;
    let foreign = fs::read(foreign)?;
    let code = foreign.get(HEAD..).ok_or("there is no code")?;
    let elsewhere = host.file("planted", &foreign)?;
    let plants: [(&str, Vec<u8>); 4] = [
        ("another component's file, MAC and all", foreign.clone()),
        ("another component's code under this one's MAC", [own.get(..HEAD).unwrap_or_default(), code].concat()),
        ("bare code", code.to_vec()),
        ("nothing", Vec::new()),
    ];
    for (what, bytes) in plants {
        fs::write(&path, bytes)?;
        returns(&host, one, says).map_err(|error| format!("{what}: {error}"))?;
        assert_eq!(fs::read(&path)?.len(), own.len(), "{what}: it was compiled anew");
    }
    fs::remove_file(&path)?;
    std::os::unix::fs::symlink(elsewhere, &path)?;
    returns(&host, one, says)?;
    fs::remove_dir_all(host.data().join("code"))?;
    returns(&host, one, says)?;
    host.verify()?.expect(0).map(drop)
}
