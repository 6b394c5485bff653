//! One key follows another: both sign, either verifies, and what nobody signed is refused. They know nothing of where
//! keys come from.

use std::fs;

use signed_note::{Note, Signer, StandardSigner, StandardVerifier, VerifierList};

use super::{LEDGER, SIGNER, SMALL, TENANT, VERIFIER, Zones, draft, writer};
use crate::verify;
use crate::{Config, Ledger, OpenError};

/// A second key of the same name, and one of a stranger: the SHA-256 of its name is each one's seed.
const NEXT: &str = "PRIVATE+KEY+PeterNeumann+1758260f+AfxAmOkWzpXuliVfJdhLhfNU4LaPtj8rlNh1Ysxk2r3d";
const NEXT_VERIFIER: &str = "PeterNeumann+1758260f+AVDu90d2zfsRyaYnUsfsC6pVB03453AeW3u32an0IVv4";
const STRANGER: &str = "PRIVATE+KEY+Stranger+f11414c4+AU/ZUZFvjp8eUTuuqdZGFhks1FSFlU/gwfNqYsmyoNt+";
const STRANGER_VERIFIER: &str = "Stranger+f11414c4+AdsH0N02mnm6gL38xclt9yEGoDUB8Y39JbkSUy0ZtcTU";

fn open(zones: &Zones, signers: &[&str]) -> Result<Ledger, OpenError> {
    let signers =
        signers.iter().map(|key| -> Box<dyn Signer + Send> { Box::new(StandardSigner::new(key).unwrap()) }).collect();
    Ledger::open(Config {
        zones: zones.paths(),
        writer: writer(),
        ledger_id: LEDGER,
        signers,
        create: true,
        sizes: SMALL,
    })
}

fn verified(zones: &Zones, keys: &[&str]) -> Result<u64, String> {
    let keys =
        keys.iter().map(|key| -> Box<dyn signed_note::Verifier> { Box::new(StandardVerifier::new(key).unwrap()) });
    let report = verify::zones(&zones.paths(), &VerifierList::new(keys.collect()), &mut |_| {});
    report.map(|report| report.logs()[0].unanchored).map_err(|error| error.code().to_owned())
}

#[test]
fn a_log_is_signed_by_all_present_keys_though_nothing_was_added() {
    let zones = Zones::new(SMALL);
    let ledger = open(&zones, &[SIGNER]).unwrap();
    ledger.submit(vec![draft(TENANT, 0)]).wait().unwrap();
    ledger.checkpoint_all().wait().unwrap();
    ledger.close().unwrap();
    assert_eq!(verified(&zones, &[VERIFIER]), Ok(0));
    assert_eq!(verified(&zones, &[NEXT_VERIFIER]), Err("ledger-checkpoint-signature".to_owned()));

    let ledger = open(&zones, &[NEXT, SIGNER]).unwrap();
    ledger.checkpoint_all().wait().unwrap();
    ledger.close().unwrap();
    for keys in [&[VERIFIER][..], &[NEXT_VERIFIER], &[VERIFIER, NEXT_VERIFIER], &[STRANGER_VERIFIER, VERIFIER]] {
        assert_eq!(verified(&zones, keys), Ok(0), "{keys:?}");
    }
    assert_eq!(verified(&zones, &[STRANGER_VERIFIER]), Err("ledger-checkpoint-signature".to_owned()));
    assert!(matches!(open(&zones, &[]), Err(OpenError::Config)));
}

#[test]
fn a_signature_that_was_changed_added_or_given_twice_is_found() {
    let zones = Zones::new(SMALL);
    let ledger = open(&zones, &[NEXT, SIGNER]).unwrap();
    ledger.submit(vec![draft(TENANT, 0)]).wait().unwrap();
    ledger.checkpoint_all().wait().unwrap();
    ledger.close().unwrap();
    let path = zones.paths()[1].join(format!("logs/{TENANT}/{}/checkpoint", writer()));
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().rev().take(2).collect();
    let mut stranger = Note::from_bytes(whole.as_bytes()).unwrap();
    stranger.add_sigs(&[&StandardSigner::new(STRANGER).unwrap()]).unwrap();
    let changed = |line: &str| whole.replace(line, &line.replacen(&line[40..44], "AAAA", 1));
    let wrong = [
        String::from_utf8(stranger.to_bytes()).unwrap(),
        changed(lines[0]),
        changed(lines[1]),
        format!("{whole}{}\n", lines[0]),
    ];
    for (number, wrong) in wrong.iter().enumerate() {
        assert_ne!(*wrong, whole);
        fs::write(&path, wrong).unwrap();
        let found = verified(&zones, &[VERIFIER, NEXT_VERIFIER]);
        assert_eq!(found, Err("ledger-checkpoint-signature".to_owned()), "{number}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(verified(&zones, &[VERIFIER, NEXT_VERIFIER]), Ok(0));
}
