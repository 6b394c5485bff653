//! Rotations, restarts and crashes leave everything readable, counts can't be reset, and nothing opens where it doesn't
//! belong.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use signed_note::Signer as _;
use uuid::Uuid;

use super::KeyRing;
use crate::{
    FileStore, KeyError, KeyStore, Limits, LocalKeyFile, RunKey, SigningKeyState, SigningKeys, SigningKind, Use,
    WrappedKey, signing_key,
};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const ACME: Uuid = Uuid::from_u128(1);
const RUN: Uuid = Uuid::from_u128(2);

fn at_one() -> u64 {
    1
}

fn at_two() -> u64 {
    2
}

/// A store that fails once it has written so many times.
struct Failing(FileStore, Arc<AtomicU64>);

impl KeyStore for Failing {
    fn read(&self) -> Result<Option<Vec<u8>>, KeyError> {
        self.0.read()
    }

    fn replace(&self, last: Option<&[u8]>, document: &[u8]) -> Result<(), KeyError> {
        let left = self.1.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map_err(|_| KeyError::Library)?;
        self.0.replace(last, document)
    }

    fn place(&self) -> PathBuf {
        self.0.place()
    }
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Outcome<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn store(&self) -> FileStore {
        FileStore::new(&self.0.path().join("keys.json"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("host.key")
    }

    fn open(&self) -> Result<KeyRing, KeyError> {
        self.open_with(Limits::default())
    }

    fn open_with(&self, limits: Limits) -> Result<KeyRing, KeyError> {
        let wrapper = LocalKeyFile::open_or_create(&self.file())?;
        KeyRing::open(Box::new(self.store()), Box::new(wrapper), limits, at_one)
    }

    /// A ring that may write so many times more.
    fn failing(&self, writes: u64) -> Result<(KeyRing, Arc<AtomicU64>), KeyError> {
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let wrapper = LocalKeyFile::open(&self.file())?;
        let store = Box::new(Failing(self.store(), Arc::clone(&left)));
        let ring = KeyRing::open(store, Box::new(wrapper), Limits::default(), at_one)?;
        left.store(writes, Ordering::Relaxed);
        Ok((ring, left))
    }
}

/// What was sealed under keys of a ring.
struct Sealed {
    run: WrappedKey,
    frame: Vec<u8>,
    record: Vec<u8>,
    token_epoch: u32,
    tag: [u8; 32],
    host: Vec<u8>,
    public: Vec<String>,
}

const FRAME: crate::Context = crate::Context { tenant: ACME, purpose: crate::Purpose::Frame, id: RUN, part: 7 };

fn sealed(ring: &KeyRing) -> Result<Sealed, KeyError> {
    let key = ring.run_key(ACME)?;
    Ok(Sealed {
        run: ring.wrap_run(ACME, RUN, &key)?,
        frame: key.key.seal(&FRAME, b"frame")?,
        record: ring.seal(ACME, Use::Token, RUN, 3, b"record")?,
        token_epoch: key.token_epoch,
        tag: ring.mac_key(ACME, Use::Token, key.token_epoch)?.tag(&[b"m"]),
        host: ring.seal(Uuid::nil(), Use::SigningSeed, RUN, 0, b"host")?,
        public: SigningKind::ALL
            .iter()
            .filter_map(|kind| ring.signing().active(*kind).map(|key| key.key.to_string()))
            .collect(),
    })
}

fn is_readable(ring: &KeyRing, sealed: &Sealed) -> Outcome {
    let RunKey { key, token_epoch } = ring.unwrap_run(ACME, RUN, &sealed.run)?;
    assert_eq!(key.open(&FRAME, &sealed.frame)?, b"frame");
    assert_eq!(token_epoch, sealed.token_epoch);
    assert_eq!(ring.mac_key(ACME, Use::Token, token_epoch)?.tag(&[b"m"]), sealed.tag);
    assert_eq!(ring.open_record(ACME, Use::Token, RUN, 3, &sealed.record)?, b"record");
    assert_eq!(ring.open_record(Uuid::nil(), Use::SigningSeed, RUN, 0, &sealed.host)?, b"host");
    let known: Vec<_> =
        SigningKind::ALL.iter().flat_map(|kind| ring.signing().all(*kind).cloned().collect::<Vec<_>>()).collect();
    for public in &sealed.public {
        assert!(known.iter().any(|key| key.key.to_string() == *public), "{public} is gone");
    }
    Ok(())
}

fn rotate(ring: &KeyRing, which: u8) -> Result<(), KeyError> {
    match which % 5 {
        0 => ring.rotate_host(),
        1 => ring.rotate_tenant(ACME),
        2 => ring.rotate_signing(SigningKind::Checkpoint, 0),
        3 => ring.rotate_signing(SigningKind::Pack, 0),
        _ => ring.rotate_tenant(Uuid::nil()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rotations_keep_everything_readable(steps in prop::collection::vec((any::<u8>(), any::<bool>()), 1..12)) {
        let place = Place::new().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut ring = place.open()?;
        let mut old = vec![sealed(&ring)?];
        for (which, restart) in steps {
            rotate(&ring, which)?;
            if restart {
                ring = place.open()?;
            }
            old.push(sealed(&ring)?);
            for sealed in &old {
                is_readable(&ring, sealed).map_err(|error| TestCaseError::fail(error.to_string()))?;
            }
        }
    }

    #[test]
    fn a_wrapped_key_that_was_changed_or_moved_does_not_unwrap(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let ring = KeyRing::ephemeral(at_one)?;
        let wrapped = ring.wrap_run(ACME, RUN, &ring.run_key(ACME)?)?;
        ring.ensure_tenant(RUN)?;
        prop_assert!(ring.unwrap_run(ACME, ACME, &wrapped).is_err());
        prop_assert!(ring.unwrap_run(RUN, RUN, &wrapped).is_err());
        prop_assert!(ring.unwrap_subject(ACME, RUN, &wrapped).is_err());
        let mut changed = wrapped.0.clone();
        let place = at.index(changed.len());
        if let Some(byte) = changed.get_mut(place) {
            *byte ^= 1 << bit;
        }
        let is_refused = |bytes: Vec<u8>| matches!(ring.unwrap_run(ACME, RUN, &WrappedKey(bytes)), Err(KeyError::DoesNotOpen));
        prop_assert!(is_refused(changed.clone()));
        changed.truncate(place);
        prop_assert!(is_refused(changed));
    }

    #[test]
    fn any_bytes_are_refused_alike(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let ring = KeyRing::ephemeral(at_one)?;
        ring.ensure_tenant(ACME)?;
        let as_key = ring.unwrap_run(ACME, RUN, &WrappedKey(bytes.clone()));
        prop_assert!(matches!(as_key, Err(KeyError::DoesNotOpen)));
        let as_record = ring.open_record(ACME, Use::Token, RUN, 0, &bytes);
        prop_assert!(matches!(as_record, Err(KeyError::DoesNotOpen)));
    }
}

#[test]
fn a_rotation_that_is_cut_off_anywhere_leaves_everything_readable() -> Outcome {
    for which in 0..5 {
        let mut cut = 0;
        for writes in 0.. {
            let place = Place::new()?;
            let old = sealed(&place.open()?)?;
            let (ring, left) = place.failing(writes)?;
            let done = rotate(&ring, which);
            // What this process goes on with, though it could write nothing more.
            left.store(u64::MAX, Ordering::Relaxed);
            is_readable(&ring, &old)?;
            is_readable(&ring, &sealed(&ring)?)?;
            // And what the next one finds.
            let next = place.open()?;
            is_readable(&next, &old)?;
            is_readable(&next, &sealed(&next)?)?;
            assert!(next.list().iter().filter(|key| key.kind == "root").count() <= 2);
            if done.is_ok() {
                break;
            }
            cut += 1;
        }
        assert!(cut >= 1, "rotation {which} writes nothing");
    }
    Ok(())
}

#[test]
fn the_host_s_rotation_is_finished_at_the_next_opening() -> Outcome {
    let place = Place::new()?;
    let old = sealed(&place.open()?)?;
    let (ring, _) = place.failing(0)?;
    assert!(ring.rotate_host().is_err(), "the wrapper has a new key, and the ring could not be written");
    drop(ring);
    let next = place.open()?;
    let roots: Vec<_> = next.list().into_iter().filter(|key| key.kind == "root").collect();
    assert_eq!(
        roots.iter().map(|root| (root.version, root.state)).collect::<Vec<_>>(),
        [(2, SigningKeyState::Active), (1, SigningKeyState::Retired)]
    );
    let rotated = |change: &&crate::KeyChange| change.after.kind == "root" && change.before.is_some();
    assert_eq!(next.news().iter().filter(rotated).count(), 1, "it is on record all the same");
    is_readable(&next, &old)
}

#[test]
fn every_change_is_news_until_it_is_recorded() -> Outcome {
    let place = Place::new()?;
    let ring = place.open()?;
    ring.ensure_tenant(ACME)?;
    let kinds = |ring: &KeyRing| ring.news().into_iter().map(|change| change.after.kind).collect::<Vec<_>>();
    let first = ["root", "tenant", "signing/checkpoint", "signing/token", "signing/pack", "tenant"];
    assert_eq!(kinds(&ring), first);
    assert_eq!(kinds(&place.open()?), first, "a restart forgets none");
    ring.recorded(&ring.news())?;
    assert!(!ring.has_news() && kinds(&place.open()?).is_empty());
    ring.epoch(ACME, Use::Token)?;
    assert!(!ring.has_news(), "the first data keys come with the tenant's");
    ring.rotate_tenant(ACME)?;
    assert!(ring.has_news());
    let news = ring.news();
    assert!(news.iter().all(|change| change.tenant == ACME && change.before.is_some()), "{news:?}");
    assert_eq!(kinds(&ring), ["data/token", "tenant"]);
    Ok(())
}

#[test]
fn a_key_that_has_sealed_often_gets_a_successor_and_one_that_can_t_have_one_refuses() -> Outcome {
    let limits = Limits { seals: 12, roll: 8, lease: 4 };
    let place = Place::new()?;
    let ring = place.open_with(limits)?;
    let records: Vec<_> =
        (0..40).map(|part| ring.seal(ACME, Use::SigningSeed, RUN, part, b"x")).collect::<Result<_, _>>()?;
    for (part, record) in (0..).zip(&records) {
        assert_eq!(ring.open_record(ACME, Use::SigningSeed, RUN, part, record)?, b"x");
    }
    let entries = ring.list();
    let epochs = entries.iter().filter(|key| key.kind == "data" && key.tenant == ACME);
    assert!(epochs.clone().count() >= 40 / 12, "{entries:?}");
    assert!(epochs.clone().all(|key| key.sealed.is_some_and(|sealed| sealed <= limits.seals)), "{entries:?}");

    let place = Place::new()?;
    let ring = place.open_with(Limits { seals: 12, roll: u64::MAX, lease: 4 })?;
    let sealed = (0..100).take_while(|part| ring.seal(ACME, Use::SigningSeed, RUN, *part, b"x").is_ok()).count();
    assert_eq!(sealed, 12);
    let refused = ring.seal(ACME, Use::SigningSeed, RUN, 0, b"x");
    assert!(matches!(&refused, Err(error) if error.code() == "keys-exhausted"), "{refused:?}");
    ring.rotate_tenant(ACME)?;
    ring.seal(ACME, Use::SigningSeed, RUN, 0, b"x")?;
    Ok(())
}

#[test]
fn a_restart_resets_no_count() -> Outcome {
    let limits = Limits { seals: 12, roll: u64::MAX, lease: 4 };
    let place = Place::new()?;
    let mut sealed = 0;
    for _ in 0..20 {
        let ring = place.open_with(limits)?;
        sealed += u32::from(ring.seal(ACME, Use::SigningSeed, RUN, 0, b"x").is_ok());
    }
    assert_eq!(sealed, 3, "each process took a lease of four of the twelve");
    Ok(())
}

#[test]
fn a_run_s_key_refuses_once_it_has_sealed_enough_here_and_before() -> Outcome {
    let place = Place::new()?;
    let ring = place.open_with(Limits { seals: 5, roll: u64::MAX, lease: 5 })?;
    let RunKey { key, token_epoch } = ring.run_key(ACME)?;
    let twin = key.duplicate()?;
    let run = RunKey { key, token_epoch };
    let wrapped = ring.wrap_run(ACME, RUN, &run)?;
    for _ in 0..2 {
        run.key.seal(&FRAME, b"x")?;
        twin.seal(&FRAME, b"x")?;
    }
    run.key.seal(&FRAME, b"x")?;
    assert!(matches!(twin.seal(&FRAME, b"x"), Err(KeyError::Exhausted(_))), "both are one key");
    let again = ring.unwrap_run(ACME, RUN, &wrapped)?;
    again.key.spend(4);
    again.key.seal(&FRAME, b"x")?;
    assert!(matches!(again.key.seal(&FRAME, b"x"), Err(KeyError::Exhausted(_))));
    Ok(())
}

#[test]
fn an_old_signing_key_signs_for_its_overlap_and_verifies_for_ever() -> Outcome {
    let place = Place::new()?;
    let ring = place.open()?;
    let kind = SigningKind::Checkpoint;
    let old = ring.signers(kind)?.remove(0);
    ring.rotate_signing(kind, 1)?;
    let signers = ring.signers(kind)?;
    let ids: Vec<_> = signers.iter().map(|signer| signer.key_id()).collect();
    assert_eq!((ids.len(), ids.get(1)), (2, Some(&old.key_id())));
    let states = |keys: &SigningKeys| keys.all(kind).map(|key| key.state).collect::<Vec<_>>();
    assert_eq!(states(&ring.signing()), [SigningKeyState::Active, SigningKeyState::Retiring { until_ms: 2 }]);
    let later = SigningKeys::look(&place.store(), 2)?;
    assert_eq!(states(&later), [SigningKeyState::Active, SigningKeyState::Retired]);
    let wrapper = LocalKeyFile::open(&place.file())?;
    let ring = KeyRing::open(Box::new(place.store()), Box::new(wrapper), Limits::default(), at_two)?;
    assert_eq!(ring.signers(kind)?.len(), 1, "its overlap is over");
    let known = later.all(kind).find(|key| key.key == *old.public()).ok_or("the old key")?;
    known.key.verify(b"m", &old.sign(b"m"))?;
    // Whoever doesn't hold the ring signs with the active key.
    let without = signing_key(Box::new(place.store()), &place.file(), kind, at_two)?;
    assert_eq!(Some(without.public()), later.active(kind).map(|key| &key.key));
    for _ in 0..7 {
        ring.rotate_signing(kind, 1000)?;
    }
    assert!(matches!(ring.rotate_signing(kind, 1000), Err(KeyError::Full)));
    Ok(())
}

#[test]
fn a_key_file_or_ring_that_is_gone_or_another_s_opens_nothing() -> Outcome {
    let (place, other) = (Place::new()?, Place::new()?);
    let old = sealed(&place.open()?)?;
    sealed(&other.open()?)?;
    assert!(matches!(other.open()?.unwrap_run(ACME, RUN, &old.run), Err(KeyError::DoesNotOpen)));
    std::fs::copy(other.file(), place.file())?;
    assert!(place.open().is_err(), "another host's key file");
    std::fs::remove_file(place.file())?;
    let missing = LocalKeyFile::open(&place.file());
    assert!(matches!(&missing, Err(error) if error.code() == "keys-missing"), "{missing:?}");
    let none = SigningKeys::look(&FileStore::new(Path::new("/nowhere/keys.json")), 0);
    assert!(matches!(none, Err(KeyError::None(_))));
    std::fs::write(other.0.path().join("keys.json"), b"{}")?;
    assert!(matches!(other.open(), Err(KeyError::Damaged(_))));
    Ok(())
}

#[test]
fn a_swapped_public_key_is_noticed() -> Outcome {
    let place = Place::new()?;
    let ring = place.open()?;
    ring.rotate_signing(SigningKind::Pack, 0)?;
    let keys: Vec<_> = ring.signing().all(SigningKind::Pack).map(|key| key.key.to_string()).collect();
    let path = place.0.path().join("keys.json");
    let text = std::fs::read_to_string(&path)?;
    let [new, old] = keys.as_slice() else { return Err("two keys".into()) };
    std::fs::write(&path, text.replace(new, "NEW").replace(old, new).replace("NEW", old))?;
    let refused = signing_key(Box::new(place.store()), &place.file(), SigningKind::Pack, at_one);
    assert!(matches!(refused, Err(KeyError::DoesNotOpen)), "{refused:?}");
    Ok(())
}

#[test]
fn a_destroyed_tenant_s_keys_open_nothing_and_a_neighbour_s_do() -> Outcome {
    let place = Place::new()?;
    let ring = place.open()?;
    let other = Uuid::from_u128(9);
    let (ours, theirs) =
        (ring.seal(ACME, Use::SigningSeed, RUN, 0, b"ours")?, ring.seal(other, Use::SigningSeed, RUN, 0, b"theirs")?);
    let run = ring.wrap_run(ACME, RUN, &ring.run_key(ACME)?)?;
    assert!(ring.destroy_tenant(ACME)? >= 2);
    assert_eq!(ring.destroy_tenant(ACME)?, 0, "twice is as once");
    for ring in [ring, place.open()?] {
        assert!(matches!(ring.open_record(ACME, Use::SigningSeed, RUN, 0, &ours), Err(KeyError::DoesNotOpen)));
        assert!(matches!(ring.unwrap_run(ACME, RUN, &run), Err(KeyError::DoesNotOpen)));
        assert_eq!(ring.open_record(other, Use::SigningSeed, RUN, 0, &theirs)?, b"theirs");
        assert!(ring.list().iter().all(|key| key.tenant != ACME));
        assert!(ring.news().iter().all(|change| change.tenant != ACME));
        // Who comes later under the same id has other keys.
        ring.ensure_tenant(ACME)?;
        assert!(matches!(ring.unwrap_run(ACME, RUN, &run), Err(KeyError::DoesNotOpen)));
        ring.destroy_tenant(ACME)?;
    }
    assert!(place.open()?.destroy_tenant(Uuid::nil()).is_err(), "the host's own stay");
    let text = std::fs::read_to_string(place.0.path().join("keys.json"))?;
    assert!(!text.contains(&ACME.to_string()));
    Ok(())
}
