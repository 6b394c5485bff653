//! Packs from strangers: files under any names with any contents. Nothing that nobody trusted has signed is accepted, and
//! what was signed is accepted only byte for byte. It doesn't know directories.

use std::sync::LazyLock;

use casemate_gate::pack::{Files, MANIFEST, SIGNATURE, Source, TrustedKeys, Unverified, sign};
use casemate_keys::SigningKey;

const NOW_MS: u64 = 1_795_514_400_000;

static KEY: LazyLock<Option<SigningKey>> = LazyLock::new(|| SigningKey::from_seed("fuzz", &[7; 32]).ok());

/// Files from bytes: a line with a name, two bytes of length, as many bytes; and so on.
fn files(mut data: &[u8]) -> Option<Files> {
    let mut files = Files::default();
    while !data.is_empty() {
        let end = data.iter().position(|byte| *byte == b'\n')?;
        let (name, rest) = data.split_at(end);
        let (length, rest) = rest.get(1..)?.split_first_chunk::<2>()?;
        let (bytes, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        files.add(std::str::from_utf8(name).ok()?, bytes.to_vec()).ok()?;
        data = rest;
    }
    Some(files)
}

/// One input.
pub(crate) fn run(data: &[u8]) {
    let (Some(files), Some(key)) = (files(data), KEY.as_ref()) else { return };
    let trusted = TrustedKeys::new([key.public().clone()]);
    // The fuzzer has no key: what it signs itself is refused.
    assert!(Unverified::of(files.clone()).verify(&trusted, NOW_MS).is_err());
    let contents = files.without(&[MANIFEST, SIGNATURE]);
    let Ok(source) = Source::parse(&contents) else { return };
    for case in &source.cases {
        let _answer = case.put_to(&source.policy, NOW_MS);
    }
    let Ok(signed) = sign(&contents, key, NOW_MS) else { return };
    assert!(Unverified::of(signed.clone()).verify(&trusted, NOW_MS).is_ok());
    // One byte of one file is another.
    let at = data.first().map_or(0, |byte| usize::from(*byte));
    let mut changed = Files::default();
    let count = signed.iter().count();
    for (number, (name, bytes)) in signed.iter().enumerate() {
        let mut bytes = bytes.to_vec();
        let place = at % bytes.len().max(1);
        match bytes.get_mut(place) {
            Some(byte) if number == at % count => *byte ^= 1,
            _ if number == at % count => bytes.push(0),
            _ => {}
        }
        let _added = changed.add(name, bytes);
    }
    assert!(Unverified::of(changed).verify(&trusted, NOW_MS).is_err());
}
