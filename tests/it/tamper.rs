//! A byte that was changed in any file of any zone is found, and so is a file that was cut, lengthened, removed or
//! added. Verification needs the zones and the public key, and nothing else of the host.

mod flip;

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::number;
use flip::{Zones, files};

/// The checkpoint of a tenant's log in a zone.
pub(crate) fn checkpoint(host: &Host, zone: usize) -> Tested<PathBuf> {
    let own = "00000000-0000-0000-0000-000000000000";
    let mut found = files(&host.zone(zone))?;
    found.retain(|path| path.file_name().is_some_and(|name| name == "checkpoint"));
    found.retain(|path| !path.display().to_string().contains(own));
    found.into_iter().next().ok_or_else(|| "there is no checkpoint".into())
}

/// A host that has done real work, and is closed.
fn worked() -> Tested<Host> {
    let host = Host::seeded()?;
    host.run("assessor", &Policy::assessor(), &json!({"batch": 60}), &["acme", "globex"])?.expect(0)?;
    host.verify()?.expect(0)?;
    Ok(host)
}

#[test]
fn a_flipped_byte_anywhere_is_found() -> Tested {
    let host = worked()?;
    let zones = Zones::of(&host)?;
    let mut tried = 0;
    for number in 1..=3 {
        for file in files(&host.zone(number))? {
            let whole = fs::read(&file)?;
            for at in flip::offsets(&whole) {
                let found = zones.with_flipped(&file, &whole, at)?;
                assert!(found.is_some(), "byte {at} of {} was changed and that is not found", file.display());
                tried += 1;
            }
        }
    }
    zones.are_sound()?;
    // Three zones, each with a segment of which 300 bytes are tried, and small files of which every byte is.
    assert!(tried > 2_400, "only {tried} bytes were tried");
    println!("{tried} flipped bytes, all found");
    Ok(())
}

#[test]
fn a_file_that_was_cut_lengthened_removed_or_added_is_found() -> Tested {
    let host = worked()?;
    let zones = Zones::of(&host)?;
    for zone in 1..=3 {
        for file in files(&host.zone(zone))? {
            let whole = fs::read(&file)?;
            let shorter = whole.get(..whole.len().saturating_sub(1)).unwrap_or_default();
            for changed in [shorter.to_vec(), [&whole, b"\0".as_slice()].concat(), Vec::new()] {
                if changed == whole {
                    continue; // the lock is empty as it is
                }
                fs::write(&file, &changed)?;
                assert!(zones.finding().is_some(), "{} now has {} bytes", file.display(), changed.len());
                fs::write(&file, &whole)?;
            }
            if !whole.is_empty() {
                fs::remove_file(&file)?;
                assert!(zones.finding().is_some(), "{} is gone", file.display());
                fs::write(&file, &whole)?;
            }
            let added = file.with_extension("more");
            fs::write(&added, &whole)?;
            assert!(zones.finding().is_some(), "{} was added", added.display());
            fs::remove_file(&added)?;
        }
    }
    zones.are_sound()
}

#[test]
fn the_program_says_so_by_its_exit_status() -> Tested {
    let host = worked()?;
    for (zone, nth) in [(1, 0), (2, 1), (3, 2)] {
        let files = files(&host.zone(zone))?;
        let file = files.iter().filter(|file| !file.ends_with("lock")).nth(nth).ok_or("a zone has three files")?;
        let whole = fs::read(file)?;
        let mut changed = whole.clone();
        if let Some(byte) = changed.get_mut(whole.len().min(2_000) / 2) {
            *byte ^= 4;
        }
        fs::write(file, &changed)?;
        let said = host.verify()?;
        let code = crate::said::text(&said.error()?, "/code").to_owned();
        said.is_error(&code, 12)?;
        assert!(code.starts_with("ledger-"), "{code}");
        assert!(said.stderr.contains(&file.display().to_string()), "it names the file: {}", said.stderr);
        fs::write(file, &whole)?;
    }
    host.verify()?.expect(0).map(drop)
}

#[test]
fn the_ledger_is_verified_without_the_host() -> Tested {
    let host = worked()?;
    let key = host.key()?;
    let kept = host.beside("kept");
    fs::rename(host.data().join("zones"), &kept)?;
    fs::remove_dir_all(host.data())?;
    let zones = [1, 2, 3].map(|number| kept.join(number.to_string()).display().to_string()).join(",");
    let said = host.ask(&["audit", "verify", "--key", &key, "--zones", &zones])?;
    let report = said.expect(0)?.lines.first().ok_or("a report")?.clone();
    assert_eq!(report.pointer("/logs").and_then(|logs| logs.as_array()).map(Vec::len), Some(3), "{report}");
    assert!(number(&report, "/logs/1/entries") > 30, "{report}");
    assert!(!host.data().exists(), "verification makes nothing");

    let other = Host::without_database()?;
    let wrong = other.key()?;
    let said = host.ask(&["audit", "verify", "--key", &wrong, "--zones", &zones])?;
    said.is_error("ledger-checkpoint-signature", 12)
}

#[test]
fn a_zone_that_was_rolled_back_alone_is_found() -> Tested {
    let host = worked()?;
    let old = host.beside("old");
    let copied = std::process::Command::new("cp").arg("-a").arg(host.zone(2)).arg(&old).status()?;
    assert!(copied.success());
    host.run("panicker", &Policy::logging(), &json!("x"), &["acme"])?.expect(1)?;
    fs::rename(host.zone(2), host.beside("new"))?;
    fs::rename(&old, host.zone(2))?;
    host.verify()?.is_error("ledger-zones-disagree", 11)
}
