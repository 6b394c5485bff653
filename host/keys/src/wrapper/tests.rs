//! What a stranger with the files can't do: open a record elsewhere, use a damaged or exposed key file, forge a note.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;
use signed_note::{Note, StandardVerifier, VerifierList};
use uuid::Uuid;

use super::{KeyWrapper as _, LocalKeyFile};
use crate::{Context, DataKey, KeyError, MacKey, Purpose, SigningKey};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const PLACE: Context = Context { tenant: Uuid::from_u128(1), purpose: Purpose::Frame, id: Uuid::from_u128(2), part: 3 };

#[test]
fn a_record_opens_in_its_own_place_only() -> Outcome {
    let key = DataKey::generate()?;
    let sealed = key.seal(&PLACE, b"secret")?;
    assert_eq!(key.open(&PLACE, &sealed)?, b"secret");
    for elsewhere in [
        Context { tenant: Uuid::from_u128(9), ..PLACE },
        Context { purpose: Purpose::DataKey, ..PLACE },
        Context { id: Uuid::from_u128(9), ..PLACE },
        Context { part: 4, ..PLACE },
    ] {
        assert!(matches!(key.open(&elsewhere, &sealed), Err(KeyError::DoesNotOpen)));
    }
    assert!(matches!(DataKey::generate()?.open(&PLACE, &sealed), Err(KeyError::DoesNotOpen)));
    Ok(())
}

proptest! {
    #[test]
    fn no_changed_byte_goes_unnoticed(plain in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let key = DataKey::generate()?;
        let mut sealed = key.seal(&PLACE, &plain)?;
        let place = at.index(sealed.len());
        if let Some(byte) = sealed.get_mut(place) {
            *byte ^= 1 << bit;
        }
        prop_assert!(key.open(&PLACE, &sealed).is_err());
        sealed.truncate(place);
        prop_assert!(key.open(&PLACE, &sealed).is_err());
    }
}

#[test]
fn a_wrapped_key_comes_back_for_its_tenant_and_id() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("host.key");
    let wrapper = LocalKeyFile::open_or_create(&path)?;
    let key = DataKey::generate()?;
    let (tenant, id) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let wrapped = wrapper.wrap(tenant, id, &key)?;
    let again = LocalKeyFile::open_or_create(&path)?;
    let sealed = key.seal(&PLACE, b"x")?;
    assert_eq!(again.unwrap(tenant, id, &wrapped)?.open(&PLACE, &sealed)?, b"x");
    assert_eq!(again.unwrap(tenant, id, &again.rewrap(tenant, id, &wrapped)?)?.open(&PLACE, &sealed)?, b"x");
    assert!(again.unwrap(id, id, &wrapped).is_err());
    assert!(again.unwrap(tenant, tenant, &wrapped).is_err());
    Ok(())
}

#[test]
fn a_key_file_that_others_may_read_or_that_is_damaged_is_refused() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("host.key");
    LocalKeyFile::open_or_create(&path)?;
    assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640))?;
    assert!(matches!(LocalKeyFile::open_or_create(&path), Err(KeyError::Permissions(_))));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    fs::write(&path, "casemate host key v1\nshort\n")?;
    assert!(matches!(LocalKeyFile::open_or_create(&path), Err(KeyError::Damaged(_))));
    Ok(())
}

#[test]
fn derived_keys_differ_by_label_and_its_boundaries() -> Outcome {
    let key = MacKey::from_bytes(&[7; 32])?;
    let tag = |labels: &[&[u8]]| key.derive(labels).map(|key| key.tag(&[b"m"]));
    assert_eq!(tag(&[b"a", b"b"])?, tag(&[b"a", b"b"])?);
    assert_ne!(tag(&[b"a", b"b"])?, tag(&[b"ab"])?);
    assert_ne!(tag(&[b"a", b"b"])?, key.tag(&[b"m"]));
    Ok(())
}

/// RFC 4231, test case 2, with its key padded as HMAC pads it.
#[test]
fn the_mac_is_hmac_sha_256() -> Outcome {
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(b"Jefe") {
        *to = *from;
    }
    let tag = MacKey::from_bytes(&key)?.tag(&[b"what do ya want ", b"for nothing?"]);
    let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    Ok(())
}

#[test]
fn a_verifier_that_we_did_not_write_accepts_our_notes_and_no_changed_ones() -> Outcome {
    let signer = SigningKey::from_seed("casemate.example/log", &[5; 32])?;
    let verifiers = VerifierList::new(vec![Box::new(StandardVerifier::new(&signer.public().to_string())?)]);
    let mut note = Note::new(b"casemate.example/log\n1\nAAAA\n", &[])?;
    note.add_sigs(&[&signer])?;
    let bytes = note.to_bytes();
    Note::from_bytes(&bytes)?.verify(&verifiers)?;
    let changed = String::from_utf8(bytes)?.replacen("\n1\n", "\n2\n", 1);
    assert!(Note::from_bytes(changed.as_bytes())?.verify(&verifiers).is_err());
    assert!(SigningKey::from_seed("a name", &[5; 32]).is_err());
    Ok(())
}
