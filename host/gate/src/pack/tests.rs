//! Packs under attack: every byte changed, files added and taken away, wrong keys, wrong times. What is refused is refused
//! for the reason that is true, and before anything is parsed.

mod cases;
mod shipped;
mod tampered;

use casemate_keys::SigningKey;

use super::{Files, Known, Pack, PackError, Source, TrustedKeys, Unverified, Verified, sign};

/// 2026-11-24T10:00:00Z.
const NOW: u64 = 1_795_514_400_000;
const DAY: u64 = 86_400_000;

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn key(name: &str, seed: u8) -> Tested<SigningKey> {
    Ok(SigningKey::from_seed(name, &[seed; 32])?)
}

fn trusted() -> Tested<TrustedKeys> {
    Ok(TrustedKeys::new([key("operator", 7)?.public().clone()]))
}

/// A small pack, without signature.
fn sources(version: u64) -> Tested<Files> {
    let mut files = Files::default();
    let pack = format!("id = \"small\"\nversion = {version}\ntitle = \"Small\"\nvalid-days = 30\n");
    files.add("pack.toml", pack.into_bytes())?;
    let limits = "fuel = 1\nmemory = 1\nwall-clock = 1\ncalls = 1\nlog-bytes = 1\nresult-bytes = 1\n";
    let policy = format!(
        "name = \"small\"\n[[grant]]\ntool = \"log\"\nverbs = [\"write\"]\n[budget]\ndenials = 1\n[budget.run]\n\
         {limits}[budget.tenant]\n{limits}"
    );
    files.add("policy.toml", policy.into_bytes())?;
    let case = "[[case]]\nname = \"logs\"\nas = \"agent:a\"\ndoes = \"log.write\"\nexpect = \"allow\"\n";
    files.add("tests/a.toml", case.as_bytes().to_vec())?;
    Ok(files)
}

fn signed(version: u64) -> Tested<Files> {
    Ok(sign(&sources(version)?, &key("operator", 7)?, NOW)?)
}

fn verify(files: Files) -> Result<Verified, PackError> {
    let keys = trusted().map_err(|_| PackError::TrustedKeys(0))?;
    Unverified::of(files).verify(&keys, NOW)
}

fn pack(version: u64) -> Tested<Pack> {
    Ok(verify(signed(version)?)?.pack().clone())
}

/// The same files with one of them as it is given, or without it.
fn with(files: &Files, name: &str, bytes: Option<&[u8]>) -> Tested<Files> {
    let mut changed = files.without(&[name]);
    if let Some(bytes) = bytes {
        changed.add(name, bytes.to_vec())?;
    }
    Ok(changed)
}

#[track_caller]
fn refused(result: Result<Verified, PackError>, code: &str) {
    match result {
        Ok(_) => assert_eq!("accepted", code),
        Err(error) => assert_eq!(error.code(), code, "{error}"),
    }
}

#[test]
fn what_was_signed_is_what_is_read() -> Tested {
    let files = signed(3)?;
    let verified = verify(files.clone())?;
    let pack = verified.pack();
    assert_eq!((pack.id.as_str(), pack.version, pack.expires_ms), ("small", 3, NOW + 30 * DAY));
    assert_eq!(pack.policy().digest, pack.digest, "entries of the ledger name the version of the pack");
    assert_eq!(pack.source.cases.len(), 1);
    assert!(verified.signer().starts_with("operator+"));
    let manifest = files.get("manifest.json").ok_or("no manifest")?;
    assert_eq!(pack.digest, crate::Digest::of(manifest));
    // Whoever verified it once finds it again by its digest, however old it is.
    assert_eq!(Unverified::of(files.clone()).recorded_as(pack.digest)?.version, 3);
    let other = Unverified::of(signed(4)?).recorded_as(pack.digest);
    assert_eq!(other.err().map(|error| error.code()), Some("pack-other"));
    let changed = with(&files, "policy.toml", Some(b"name = \"small\""))?;
    let changed = Unverified::of(changed).recorded_as(pack.digest);
    assert_eq!(changed.err().map(|error| error.code()), Some("pack-file-changed"));
    Ok(())
}

#[test]
fn a_pack_holds_from_its_signing_until_its_expiry_and_no_millisecond_longer() -> Tested {
    let at = |now_ms| Ok::<_, Box<dyn std::error::Error>>(Unverified::of(signed(1)?).verify(&trusted()?, now_ms));
    let ends = NOW + 30 * DAY;
    assert!(at(NOW)?.is_ok());
    assert!(at(ends - 1)?.is_ok());
    refused(at(ends)?, "pack-expired");
    refused(at(u64::MAX)?, "pack-expired");
    assert!(at(NOW - 5 * 60 * 1_000)?.is_ok(), "clocks differ a little");
    refused(at(NOW - 5 * 60 * 1_000 - 1)?, "pack-not-yet");
    refused(at(0)?, "pack-not-yet");
    let pack = pack(1)?;
    assert!(pack.holds_at(ends - 1).is_ok());
    assert_eq!(pack.holds_at(ends).err().map(|error| error.code()), Some("pack-expired"));
    Ok(())
}

#[test]
fn a_version_never_goes_back_and_never_means_two_things() -> Tested {
    let mut known = Known::default();
    let [one, two, three] = [pack(1)?, pack(2)?, pack(3)?];
    known.admit(&one)?;
    for pack in [&one, &three] {
        known.note(pack.id.clone(), pack.version, pack.digest);
    }
    for old in [&one, &two] {
        assert_eq!(known.admit(old).err().map(|error| error.code()), Some("pack-rollback"));
    }
    known.admit(&three)?;
    known.admit(&pack(4)?)?;
    let sources = with(&sources(3)?, "README.md", Some(b"other"))?;
    let other = verify(sign(&sources, &key("operator", 7)?, NOW)?)?;
    assert_eq!(known.admit(other.pack()).err().map(|error| error.code()), Some("pack-duplicate"));
    Ok(())
}

#[test]
fn nobody_signs_what_nobody_could_apply() -> Tested {
    for (name, bytes, code) in [
        ("policy.toml", "name = \"small\"", "policy-syntax"),
        ("pack.toml", "id = \"small\"\nversion = 0\ntitle = \"x\"\nvalid-days = 1\n", "pack-field"),
        ("pack.toml", "id = \"small\"\nversion = 1\ntitle = \"x\"\nvalid-days = 0\n", "pack-field"),
        ("pack.toml", "id = \"small\"\nversion = 1\ntitle = \"x\"\nvalid-days = 3651\n", "pack-field"),
        ("pack.toml", "id = \"small\"\nversion = 1\ntitle = \"\"\nvalid-days = 1\n", "pack-field"),
        ("pack.toml", "id = \"other\"\nversion = 1\ntitle = \"x\"\nvalid-days = 1\n", "pack-field"),
        ("pack.toml", "id = \"Small\"\nversion = 1\ntitle = \"x\"\nvalid-days = 1\n", "pack-syntax"),
        ("pack.toml", "id = \"small\"\nversion = 1\ntitle = \"x\"\nvalid-days = 1\nmore = 1\n", "pack-syntax"),
        ("pack.toml", "id = \"small\"\nversion = -1\ntitle = \"x\"\nvalid-days = 1\n", "pack-syntax"),
        ("tests/a.toml", "[[case]]\nname = \"x\"\n", "pack-syntax"),
        ("notes.txt", "x", "pack-file-unknown"),
        ("tests/a.json", "x", "pack-file-unknown"),
        ("other/a.toml", "x = 1", "pack-file-unknown"),
    ] {
        let files = with(&sources(1)?, name, Some(bytes.as_bytes()))?;
        let error = sign(&files, &key("operator", 7)?, NOW).err().map(|error| error.code());
        assert_eq!(error, Some(code), "{name}: {bytes}");
    }
    for (name, code) in [("pack.toml", "pack-file-needed"), ("policy.toml", "pack-file-needed")] {
        let error = sign(&with(&sources(1)?, name, None)?, &key("operator", 7)?, NOW).err();
        assert_eq!(error.map(|error| error.code()), Some(code), "{name}");
    }
    let text = with(&sources(1)?, "tests/a.toml", Some(b"\xff"))?;
    assert_eq!(sign(&text, &key("operator", 7)?, NOW).err().map(|error| error.code()), Some("pack-text"));
    Ok(())
}

#[test]
fn all_that_is_wrong_is_said_at_once() -> Tested {
    let mut files = with(&sources(1)?, "pack.toml", Some(b"id = 1"))?;
    files = with(&files, "policy.toml", Some(b"surprise = 1"))?;
    files = with(&files, "tests/a.toml", Some(b"case = 1"))?;
    files.add("left.over", Vec::new())?;
    let codes: Vec<_> = Source::check(&files).err().unwrap_or_default().iter().map(PackError::code).collect();
    assert_eq!(codes, ["pack-file-unknown", "pack-syntax", "policy-syntax", "pack-syntax"]);
    Ok(())
}
