//! Bytes, files, signatures and keys that are not what was signed.

use casemate_keys::SigningKey;

use super::super::{FILE_BYTES, Files, MANIFEST, Manifest, PackError, SIGNATURE, TrustedKeys, Unverified};
use super::super::{sign, signature::Signature};
use super::{NOW, Tested, key, refused, signed, sources, trusted, verify, with};

/// Another byte for each of eight flipped bits, and for all of them.
const MASKS: [u8; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 255];

#[test]
fn every_single_byte_counts() -> Tested {
    let files = signed(1)?;
    let mut tried = 0;
    for (name, bytes) in files.iter() {
        for at in 0..bytes.len() {
            for mask in MASKS {
                let mut changed = bytes.to_vec();
                changed.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= mask);
                let result = verify(with(&files, name, Some(&changed))?);
                assert!(result.is_err(), "{name}, byte {at}, mask {mask:#x}");
                let code = result.err().map(|error| error.code());
                let expected: &[&str] = match name {
                    SIGNATURE => &["pack-signature", "pack-key-unknown"],
                    MANIFEST => &["pack-signature"],
                    _ => &["pack-file-changed"],
                };
                assert!(code.is_some_and(|code| expected.contains(&code)), "{name}, byte {at}: {code:?}");
                tried += 1;
            }
        }
    }
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(tried, bytes * MASKS.len());
    Ok(())
}

#[test]
fn a_byte_more_or_less_anywhere_is_refused() -> Tested {
    let files = signed(1)?;
    for (name, bytes) in files.iter() {
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            for more in [b"\n".as_slice(), b" ", b"0", b"\0"] {
                let longer = [head, more, tail].concat();
                assert!(verify(with(&files, name, Some(&longer))?).is_err(), "{name}, {more:?} at {at}");
            }
            let shorter = [head, tail.get(1..).unwrap_or_default()].concat();
            assert!(shorter == bytes || verify(with(&files, name, Some(&shorter))?).is_err(), "{name} without {at}");
            assert!(head == bytes || verify(with(&files, name, Some(head))?).is_err(), "{name} until {at}");
        }
    }
    Ok(())
}

#[test]
fn missing_and_foreign_parts_have_their_own_sentences() -> Tested {
    let files = signed(1)?;
    let other = signed(2)?;
    refused(verify(sources(1)?), "pack-unsigned");
    refused(verify(Files::default()), "pack-unsigned");
    refused(verify(files.without(&[SIGNATURE])), "pack-signature-removed");
    refused(verify(files.without(&[MANIFEST])), "pack-manifest-removed");
    refused(verify(with(&files, SIGNATURE, other.get(SIGNATURE))?), "pack-signature");
    refused(verify(with(&files, MANIFEST, other.get(MANIFEST))?), "pack-signature");
    refused(verify(with(&files, "README.md", Some(b"new"))?), "pack-file-extra");
    refused(verify(with(&files, "tests/b.toml", Some(b""))?), "pack-file-extra");
    refused(verify(files.without(&["tests/a.toml"])), "pack-file-missing");
    refused(verify(files.without(&["policy.toml"])), "pack-file-missing");
    // Nothing of what isn't signed is parsed: what would be a fault of its form is told as what it is, a change.
    refused(verify(with(&files, "policy.toml", Some(b"\xff not TOML ["))?), "pack-file-changed");
    Ok(())
}

#[test]
fn only_trusted_keys_count_whatever_they_call_themselves() -> Tested {
    let sources = sources(1)?;
    refused(verify(sign(&sources, &key("stranger", 9)?, NOW)?), "pack-key-unknown");
    // The same name with another key has another id.
    refused(verify(sign(&sources, &key("operator", 9)?, NOW)?), "pack-key-unknown");
    // Whoever writes the trusted key's id over their own signature.
    let (mine, theirs) = (signed(1)?, sign(&sources, &key("stranger", 9)?, NOW)?);
    let text = |files: &Files| {
        Ok::<_, Box<dyn std::error::Error>>(std::str::from_utf8(files.get(SIGNATURE).ok_or("unsigned")?)?.to_owned())
    };
    let (mine, theirs_text) = (text(&mine)?, text(&theirs)?);
    let mixed: Vec<&str> = mine.lines().take(2).chain(theirs_text.lines().skip(2)).collect();
    let mixed = format!("{}\n", mixed.join("\n"));
    refused(verify(with(&theirs, SIGNATURE, Some(mixed.as_bytes()))?), "pack-signature");
    // No key at all.
    let none = Unverified::of(signed(1)?).verify(&TrustedKeys::default(), NOW);
    refused(none, "pack-key-unknown");
    Ok(())
}

#[test]
fn a_list_of_trusted_keys_has_one_key_a_line() -> Tested {
    let line = key("operator", 7)?.public().to_string();
    let read = TrustedKeys::parse(&format!("# ours\n\n{line}\n"))?;
    assert!(read.has(key("operator", 7)?.public()));
    assert_eq!(read, trusted()?);
    for wrong in ["operator", "operator+00000000+AAAA", &line.to_uppercase(), &line.replace('+', " ")] {
        let text = format!("{line}\n{wrong}\n");
        assert!(matches!(TrustedKeys::parse(&text), Err(PackError::TrustedKeys(2))), "{wrong}");
    }
    let many = format!("{line}\n").repeat(65);
    assert!(matches!(TrustedKeys::parse(&many), Err(PackError::TrustedKeys(65))));
    Ok(())
}

/// A pack whose signer signed a manifest of their own making.
fn with_manifest(manifest: &str) -> Tested<Files> {
    let key: SigningKey = key("operator", 7)?;
    let mut files = sources(1)?;
    files.add(SIGNATURE, Signature::make(&key, manifest.as_bytes()).text().into_bytes())?;
    files.add(MANIFEST, manifest.as_bytes().to_vec())?;
    Ok(files)
}

#[test]
fn a_signed_manifest_has_one_spelling_and_says_what_the_pack_says() -> Tested {
    let signed = signed(1)?;
    let good = std::str::from_utf8(signed.get(MANIFEST).ok_or("no manifest")?)?.to_owned();
    assert!(verify(with_manifest(&good)?).is_ok(), "the test's own form");
    let twice = good.replacen("\"files\":{", "\"files\":{\"pack.toml\":\"00\",", 1);
    for (what, wrong) in [
        ("a space", good.replacen(':', ": ", 1)),
        ("no newline", good.trim_end().to_owned()),
        ("another newline", format!("{good}\n")),
        ("an unknown field", good.replacen('{', "{\"a\":1,", 1)),
        ("a key twice", twice),
        ("capitals in a hash", good.replace("\"policy.toml\":\"", "\"policy.toml\":\"A")),
        ("another type", good.replace("casemate-pack-v1", "casemate-pack-v2")),
        ("no version", good.replace("\"version\":1", "\"version\":0")),
        ("a negative version", good.replace("\"version\":1", "\"version\":-1")),
        ("another version", good.replace("\"version\":1", "\"version\":2")),
        ("another id", good.replace("\"id\":\"small\"", "\"id\":\"other\"")),
        ("an id that is none", good.replace("\"id\":\"small\"", "\"id\":\"../a\"")),
        ("a time zone", good.replace("Z\",\"expires", "+00:00\",\"expires")),
        ("no expiry after its making", good.replace("2026-12-24", "2026-11-24")),
        ("no JSON", "pack".to_owned()),
        ("deep JSON", "[".repeat(10_000)),
    ] {
        assert_ne!(wrong, good, "{what}");
        refused(verify(with_manifest(&wrong)?), "pack-manifest");
    }
    assert!(Manifest::parse(b"\xff").is_err());
    Ok(())
}

#[test]
fn files_have_limits_and_names_that_stay_in_the_pack() -> Tested {
    let mut files = Files::default();
    for name in [
        "",
        ".",
        "..",
        "../pack.toml",
        "tests/../pack.toml",
        "/pack.toml",
        "tests/",
        "/",
        "tests//a.toml",
        "a/b/c.toml",
        ".git",
        "tests/.a.toml",
        "Pack.toml",
        "readme.MD",
        "tests/README.md",
        "policy.toml ",
        "policy.toml\0",
        "policy\u{2024}toml",
        "ｐack.toml",
        "a\\b",
        "a:b",
        "~",
        "con\u{202e}",
    ] {
        assert!(matches!(files.add(name, Vec::new()), Err(PackError::Name(_))), "{name:?}");
    }
    assert!(files.add(&"a".repeat(101), Vec::new()).is_err());
    files.add("README.md", vec![0; FILE_BYTES])?;
    assert!(matches!(files.add("README.md", Vec::new()), Err(PackError::Name(_))), "twice");
    assert!(matches!(files.add("a", vec![0; FILE_BYTES + 1]), Err(PackError::FileTooLarge(_))));
    for number in 1..16 {
        files.add(&format!("a{number}"), vec![0; FILE_BYTES])?;
    }
    assert!(matches!(files.add("b", vec![0]), Err(PackError::TooLarge)));
    let mut files = Files::default();
    for number in 0..64 {
        files.add(&format!("a{number}"), Vec::new())?;
    }
    assert!(matches!(files.add("b", Vec::new()), Err(PackError::TooMany)));
    Ok(())
}
