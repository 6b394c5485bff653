//! What a stranger with the files can't do: open a record elsewhere, use a damaged or exposed key file, forge a note,
//! read a secret out of a log.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;
use signed_note::{Note, StandardVerifier, VerifierList};
use uuid::Uuid;

use crate::{
    Context, DataKey, KeyError, KeyRing, KeyWrapper, LocalKeyFile, MacKey, Purpose, SigningKey, SigningKind, Use,
};

mod vectors;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const PLACE: Context = Context { tenant: Uuid::from_u128(1), purpose: Purpose::Frame, id: Uuid::from_u128(2), part: 3 };

#[test]
fn a_record_opens_in_its_own_place_only() -> Outcome {
    let key = DataKey::generate()?;
    let sealed = key.seal(&PLACE, b"secret")?;
    assert_eq!(key.open(&PLACE, &sealed)?, b"secret");
    for elsewhere in [
        Context { tenant: Uuid::from_u128(9), ..PLACE },
        Context { purpose: Purpose::RunKey, ..PLACE },
        Context { purpose: Purpose::Data(Use::Token), ..PLACE },
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
fn a_record_names_its_key_and_another_version_of_it_is_refused() -> Outcome {
    let key = DataKey::from_bytes(&[7; 32])?;
    let same = DataKey::new(crate::secret::Secret::parse(&[7; 32])?, 2, 1)?;
    let sealed = key.seal(&PLACE, b"secret")?;
    assert_eq!((key.id(), key.version(), same.version()), (same.id(), 1, 2));
    assert!(matches!(same.open(&PLACE, &sealed), Err(KeyError::DoesNotOpen)));
    assert_eq!(key.id().to_string().parse::<crate::KeyId>()?, key.id());
    Ok(())
}

#[test]
fn a_wrapped_key_comes_back_for_its_tenant_and_version_after_every_rotation() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("host.key");
    // Callers know the trait only.
    let wrapper: Box<dyn KeyWrapper> = Box::new(LocalKeyFile::open_or_create(&path)?);
    let key = DataKey::generate()?;
    let tenant = Uuid::from_u128(1);
    let sealed = key.seal(&PLACE, b"x")?;
    let first = wrapper.wrap(tenant, &key)?;
    let mut wrapped = first.clone();
    for version in 2..70 {
        wrapper.rotate()?;
        assert!(!wrapper.is_current(&wrapped));
        let again = LocalKeyFile::open(&path)?;
        assert_eq!(again.unwrap(tenant, 1, &wrapped)?.open(&PLACE, &sealed)?, b"x");
        wrapped = again.rewrap(tenant, 1, &wrapped)?;
        assert!(again.is_current(&wrapped) && wrapper.is_current(&wrapped));
        assert_eq!(again.describe(), wrapper.describe());
        assert_eq!(again.describe().roots.first().map(|root| root.version), Some(version));
    }
    assert_eq!(wrapper.describe().roots.len(), 64);
    assert!(wrapper.unwrap(tenant, 1, &first).is_err(), "what nobody wrapped anew in 64 rotations");
    assert!(wrapper.unwrap(Uuid::from_u128(2), 1, &wrapped).is_err());
    assert!(wrapper.unwrap(tenant, 2, &wrapped).is_err());
    assert!(LocalKeyFile::ephemeral()?.unwrap(tenant, 1, &wrapped).is_err());
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
    let one = fs::read_to_string(&path)?;
    let line = one.lines().nth(1).ok_or("a line")?;
    let upper = format!("{one}{line}\n");
    let long = format!("{one}{}", "\n".repeat(9000));
    let zero = one.replacen("\n1 ", "\n0 ", 1);
    for damaged in ["casemate host key v1\n1 short\n", "casemate host key v1\n", "", &upper, &long, &zero] {
        fs::write(&path, damaged)?;
        assert!(matches!(LocalKeyFile::open_or_create(&path), Err(KeyError::Damaged(_))), "{damaged:?}");
    }
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
    let key = MacKey::from_bytes(&key)?;
    let tag = key.tag(&[b"what do ya want ", b"for nothing?"]);
    assert!(key.is_tag(&[b"what do ya want for nothing?"], &tag));
    assert!(!key.is_tag(&[b"what do ya want for something?"], &tag));
    assert!(!key.is_tag(&[b"what do ya want for nothing?"], &tag[..31]));
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

/// Every form in which 32 bytes are written down by `Debug` or by us.
fn forms(bytes: &[u8]) -> [String; 4] {
    use base64::Engine as _;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{bytes:?}");
    let list = list.trim_matches(['[', ']']).to_owned();
    [hex.to_uppercase(), hex, list, base64::engine::general_purpose::STANDARD.encode(bytes)]
}

#[test]
fn no_debug_form_holds_a_secret() -> Outcome {
    let bytes: Vec<u8> = (100..132).collect();
    let data = DataKey::from_bytes(&bytes)?;
    let mac = MacKey::from_bytes(&bytes)?;
    let signing = SigningKey::from_seed("casemate.example/log", &bytes)?;
    let secret = crate::secret::Secret::parse(&bytes)?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("host.key");
    let text = format!("casemate host key v1\n1 {}\n", forms(&bytes)[3]);
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    let file = LocalKeyFile::open(&path)?;
    let wrapped = file.wrap(PLACE.tenant, &data)?;
    let ring = KeyRing::ephemeral(|| 1)?;
    let run = crate::RunKey { key: data.duplicate()?, token_epoch: 1 };
    let shown = [
        format!("{data:?} {data:#?} {:?}", data.seals()),
        format!("{mac:?} {mac:#?}"),
        format!("{signing:?} {signing:#?} {:?}", signing.public()),
        format!("{secret:?} {file:?} {file:#?} {:?}", file.describe()),
        format!("{wrapped:?} {run:?} {run:#?} {ring:?}"),
        format!("{:?} {:?} {:?}", ring.list(), ring.signing(), ring.news()),
        format!("{:?} {:?}", ring.signers(SigningKind::Pack)?, KeyError::Exhausted(data.id())),
        format!("{:?} {:?}", crate::Limits::default(), PLACE),
    ];
    for shown in &shown {
        for form in forms(&bytes) {
            assert!(!shown.contains(&form), "{shown}");
        }
    }
    // The search finds what it looks for.
    assert!(format!("{bytes:?}").contains(&forms(&bytes)[2]));
    Ok(())
}
