//! Packs that hosts share: each is a document under its digest, never changed. It doesn't know which is active.

use casemate_gate::Digest;
use casemate_gate::pack::{Files, Unverified};
use casemate_keys::KeyRing;

use super::{Link, closed, opened};
use crate::app::AppError;
use crate::app::packs::{folder, keep, named, read_pack};
use crate::config::Config;

fn name(digest: Digest) -> String {
    format!("pack/{digest}")
}

/// Brings every pack here that the state names.
pub(super) fn pull(config: &Config, link: &Link, keys: &KeyRing, state: &[u8]) -> Result<(), AppError> {
    for digest in named(state).ok_or_else(|| AppError::DamagedShared("shared/packs".to_owned()))? {
        let place = folder(config, digest);
        if place.exists() {
            continue;
        }
        let name = name(digest);
        let damaged = || AppError::DamagedShared(name.clone());
        let document = link.keeper.newer(&name, 0)?.ok_or_else(damaged)?;
        let text = opened(keys, &name, document.version, &document.content)?;
        let mut files = Files::default();
        let mut rest = text;
        while !rest.is_empty() {
            let file = part(&mut rest).and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(damaged)?;
            files.add(file, part(&mut rest).ok_or_else(damaged)?.to_vec())?;
        }
        Unverified::of(files.clone()).recorded_as(digest)?;
        keep(&place, &files)?;
    }
    Ok(())
}

/// Gives others every pack that the state names and that is here.
pub(super) fn push_all(config: &Config, link: &Link, keys: &KeyRing, state: &[u8]) -> Result<(), AppError> {
    for digest in named(state).ok_or_else(|| AppError::DamagedShared("shared/packs".to_owned()))? {
        let (place, name) = (folder(config, digest), name(digest));
        if link.version(&name) > 0 || !place.exists() {
            continue;
        }
        let mut text = Vec::new();
        for (name, bytes) in read_pack(&place)?.iter() {
            for part in [name.as_bytes(), bytes] {
                text.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                text.extend_from_slice(part);
            }
        }
        // One that is there is the same.
        link.keeper.replace(&name, 0, &closed(keys, &name, 1, &text)?)?;
        link.note(&name, 1);
    }
    Ok(())
}

/// The next part, led by its length.
fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<8>()?;
    let (part, after) = after.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
    *rest = after;
    Some(part)
}
