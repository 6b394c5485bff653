//! The fuzz targets' bodies over the corpus that their runs left behind: what was found once stays found. It doesn't know
//! how new inputs are made; `cargo xtask fuzz` does.

#[path = "../../fuzz/src/envelope.rs"]
mod envelope;
#[path = "../../fuzz/src/manifest.rs"]
mod manifest;
#[path = "../../fuzz/src/pack.rs"]
mod pack;

use std::fs;
use std::path::Path;

use crate::host::Tested;

/// Runs a body on every input that is kept.
fn replay(target: &str, body: fn(&[u8])) -> Tested {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in fs::read_dir(&corpus)? {
        body(&fs::read(entry?.path())?);
        inputs += 1;
    }
    assert!(inputs >= 10, "{}: {inputs} inputs are kept", corpus.display());
    Ok(())
}

#[test]
fn envelopes() -> Tested {
    replay("envelope", envelope::run)
}

#[test]
fn manifests_and_policies() -> Tested {
    replay("manifest", manifest::run)
}

#[test]
fn packs() -> Tested {
    replay("pack", pack::run)
}
