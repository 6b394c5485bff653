//! Directories that are made to harm whoever reads them as a pack. Each is refused for its reason, in no time, and leaves
//! the active pack active.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{applied, signed, written};
use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::text;

/// How long a refusal may take, a slow machine included.
const SOON: Duration = Duration::from_secs(20);

/// Does something to a signed pack; it is refused with this code by `verify` and by `apply`.
fn refused(host: &Host, code: &str, harm: impl FnOnce(&Path) -> Tested) -> Tested {
    let directory = signed(host, "harmed", 2, &Policy::logging())?;
    harm(Path::new(&directory))?;
    let begun = Instant::now();
    host.ask(&["policy", "verify", &directory])?.is_error(code, 3)?;
    host.ask(&["policy", "apply", &directory, "--tenant", "acme"])?.is_error(code, 3)?;
    assert!(begun.elapsed() < SOON, "{code} took {:?}", begun.elapsed());
    let listed = host.ask(&["policy", "list"])?;
    let acme = listed.expect(0)?.lines.iter().find(|line| text(line, "/tenant") == "acme").ok_or("acme")?;
    assert_eq!((text(acme, "/state"), acme.pointer("/pack/version")), ("active", Some(&1.into())), "{acme}");
    fs::remove_dir_all(&directory)?;
    Ok(())
}

#[test]
fn what_is_no_plain_file_is_never_opened() -> Tested {
    let host = Host::without_database()?;
    applied(&host, "good", 1, &Policy::logging())?;
    let other = host.file("outside.toml", "name = \"outside\"")?;
    refused(&host, "pack-file-kind", |pack| {
        // The very bytes that were signed, behind a link.
        fs::rename(pack.join("policy.toml"), host.beside("kept.toml"))?;
        Ok(symlink(host.beside("kept.toml"), pack.join("policy.toml"))?)
    })?;
    refused(&host, "pack-file-kind", |pack| Ok(symlink(&other, pack.join("more.toml"))?))?;
    refused(&host, "pack-file-kind", |pack| Ok(symlink("/dev/zero", pack.join("more.toml"))?))?;
    refused(&host, "pack-file-kind", |pack| Ok(symlink("pack.toml/nowhere", pack.join("more.toml"))?))?;
    refused(&host, "pack-file-kind", |pack| {
        fs::rename(pack.join("tests"), host.beside("tests"))?;
        Ok(symlink(host.beside("tests"), pack.join("tests"))?)
    })?;
    refused(&host, "pack-file-kind", |pack| {
        // Whoever opened it without care would wait for a writer for ever.
        let made = Command::new("mkfifo").arg(pack.join("pipe.toml")).status()?;
        if made.success() { Ok(()) } else { Err("mkfifo".into()) }
    })?;
    refused(&host, "pack-file-kind", |pack| {
        std::os::unix::net::UnixListener::bind(pack.join("tests/socket.toml"))?;
        Ok(())
    })?;
    refused(&host, "pack-file-kind", |pack| Ok(fs::create_dir_all(pack.join("tests/deeper"))?))?;
    refused(&host, "pack-file-missing", |pack| {
        fs::remove_file(pack.join("policy.toml"))?;
        Ok(fs::create_dir(pack.join("policy.toml"))?)
    })?;
    host.verify()?.expect(0).map(drop)
}

#[test]
fn what_is_too_much_is_refused_before_it_is_read() -> Tested {
    let host = Host::without_database()?;
    applied(&host, "good", 1, &Policy::logging())?;
    refused(&host, "pack-too-large", |pack| {
        for number in 0..10_000 {
            fs::write(pack.join(format!("tests/{number}.toml")), "")?;
        }
        Ok(())
    })?;
    refused(&host, "pack-too-large", |pack| {
        // A hole: it costs the attacker nothing.
        let file = fs::File::create(pack.join("huge.toml"))?;
        Ok(file.set_len(1 << 40)?)
    })?;
    refused(&host, "pack-too-large", |pack| Ok(fs::write(pack.join("policy.toml"), "#".repeat(65_537))?))?;
    refused(&host, "pack-too-large", |pack| {
        for number in 0..20 {
            fs::write(pack.join(format!("tests/{number}.toml")), "#".repeat(65_000))?;
        }
        Ok(())
    })?;
    Ok(())
}

#[test]
fn names_and_sets_of_files_are_those_that_were_signed() -> Tested {
    let host = Host::without_database()?;
    applied(&host, "good", 1, &Policy::logging())?;
    for name in ["Policy.toml", "policy.toml~", ".policy.toml.swp", "readme.md ", "päck.toml"] {
        refused(&host, "pack-file-name", |pack| Ok(fs::write(pack.join(name), "")?))?;
    }
    refused(&host, "pack-file-name", |pack| Ok(fs::write(pack.join(OsStr::from_bytes(b"\xff\xfe.toml")), "")?))?;
    refused(&host, "pack-file-extra", |pack| Ok(fs::write(pack.join("rules.cedar"), "")?))?;
    refused(&host, "pack-file-extra", |pack| Ok(fs::write(pack.join("tests/more.toml"), "")?))?;
    refused(&host, "pack-file-missing", |pack| Ok(fs::remove_file(pack.join("tests/deny.toml"))?))?;
    refused(&host, "pack-file-changed", |pack| Ok(fs::write(pack.join("tests/deny.toml"), super::CASE.trim())?))?;
    refused(&host, "pack-signature-removed", |pack| Ok(fs::remove_file(pack.join("manifest.sig"))?))?;
    refused(&host, "pack-manifest-removed", |pack| Ok(fs::remove_file(pack.join("manifest.json"))?))?;
    refused(&host, "pack-unsigned", |pack| {
        fs::remove_file(pack.join("manifest.json"))?;
        Ok(fs::remove_file(pack.join("manifest.sig"))?)
    })?;
    let good = host.beside("good");
    refused(&host, "pack-signature", |pack| {
        fs::copy(good.join("manifest.sig"), pack.join("manifest.sig")).map(drop).map_err(Into::into)
    })?;
    // The old version under its own signature, whole: a rollback.
    let whole = |pack: &Path| -> Tested {
        for name in ["pack.toml", "policy.toml", "manifest.json", "manifest.sig", "tests/deny.toml"] {
            fs::copy(good.join(name), pack.join(name))?;
        }
        Ok(())
    };
    applied(&host, "newer", 3, &Policy::logging())?;
    let directory = signed(&host, "old", 4, &Policy::logging())?;
    whole(Path::new(&directory))?;
    host.ask(&["policy", "verify", &directory])?.expect(0)?;
    host.ask(&["policy", "verify", &directory, "--tenant", "acme"])?.is_error("pack-rollback", 3)?;
    host.ask(&["policy", "apply", &directory, "--tenant", "acme"])?.is_error("pack-rollback", 3)?;
    // For another tenant it was never active, so nothing is rolled back.
    host.ask(&["policy", "apply", &directory, "--tenant", "globex"])?.expect(0)?;
    // The same version with other contents.
    let twice = signed(&host, "twice", 3, &Policy::logging().run("calls", 7))?;
    host.ask(&["policy", "apply", &twice, "--tenant", "acme"])?.is_error("pack-duplicate", 3)?;
    Ok(())
}

#[test]
fn only_trusted_keys_sign() -> Tested {
    let host = Host::without_database()?;
    let directory = written(&host, "mine", 1, &Policy::logging())?.display().to_string();
    let key = host.file("seed", "0b".repeat(32))?;
    let sign = ["policy", "sign", &directory, "--key", &key, "--name", "ada"];
    host.ask(&sign)?.is_error("input-key", 3)?;
    Command::new("chmod").args(["600", &key]).status()?;
    let said = host.ask(&sign)?;
    let line = said.expect(0)?.of_type("pack-signed").next().ok_or("a line")?;
    let public = text(line, "/key").to_owned();
    assert!(public.starts_with("ada+"), "{public}");
    let apply = ["policy", "apply", &directory, "--tenant", "acme"];
    host.ask(&apply)?.is_error("pack-key-unknown", 3)?;
    host.ask(&["policy", "trust", "ada"])?.is_error("keys-public", 3)?;
    let trusted = host.ask(&["policy", "trust", &public])?;
    assert_eq!(trusted.expect(0)?.lines.first().and_then(|line| line.get("changed")), Some(&true.into()));
    let trusted = host.ask(&["policy", "trust", &public])?;
    assert_eq!(trusted.expect(0)?.lines.first().and_then(|line| line.get("changed")), Some(&false.into()));
    host.ask(&apply)?.expect(0)?;
    // A list that somebody broke is told, and nobody is believed meanwhile.
    fs::write(host.data().join("trusted-pack-keys"), "ada\n")?;
    host.ask(&["policy", "verify", &directory])?.is_error("pack-trusted-keys", 3)?;
    Ok(())
}
