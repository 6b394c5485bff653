//! A pack's signature is verified by another library: PyPI's `cryptography`, from the public key and the three lines of
//! the signature file alone.

use std::path::Path;
use std::process::Command;

use super::signed;
use crate::host::{Host, Tested};
use crate::policy::Policy;

/// Prints whether the signature is the key's over these bytes, and over none that differ.
const SCRIPT: &str = r#"
import base64, hashlib, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

name, rest = sys.argv[1].split("+", 1)
shown, key = rest.split("+", 1)
typed = base64.b64decode(key)
assert typed[0] == 1 and len(typed) == 33
assert hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4].hex() == shown
manifest = open(sys.argv[2], "rb").read()
first, key_id, signature, rest = open(sys.argv[3]).read().split("\n")
assert (first, key_id, rest) == ("casemate-pack-signature-v1", name + "+" + shown, "")
public = Ed25519PublicKey.from_public_bytes(typed[1:])
public.verify(base64.b64decode(signature), manifest)
try:
    public.verify(base64.b64decode(signature), manifest + b"\n")
    sys.exit("a signature over other bytes was accepted")
except InvalidSignature:
    print("verified")
"#;

#[test]
fn another_library_verifies_the_signature() -> Tested {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/bin/python");
    if !python.is_file() {
        return Err("run `cargo xtask guests` first: it makes target/peers with PyPI's cryptography".into());
    }
    let host = Host::without_database()?;
    let directory = signed(&host, "pack", 1, &Policy::logging())?;
    let said = host.ask(&["keys", "export-public", "--signing", "pack"])?;
    let key = crate::said::text(said.expect(0)?.lines.first().ok_or("a key")?, "/key").to_owned();
    let file = |name: &str| Path::new(&directory).join(name);
    let checked = Command::new(python)
        .args(["-c", SCRIPT, key.trim()])
        .args([file("manifest.json"), file("manifest.sig")])
        .output()?;
    let said = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(said.trim(), "verified", "{}", String::from_utf8_lossy(&checked.stderr));
    Ok(())
}
