//! An authority of certificates of the test's own, and one for `localhost`: by PyPI's `cryptography`, which the tests
//! have for comparisons. It doesn't know who believes it.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::{Server, account};
use crate::host::{Tested, workspace};

/// Writes `root.pem`, `server.pem` and `server.key` into the directory that it is given.
const SCRIPT: &str = r#"
import datetime, os, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

now = datetime.datetime.now(datetime.timezone.utc)
def make(name, issuer, issuer_key, key, extensions):
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())
def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
def write(path, data, mode):
    with open(os.open(os.path.join(sys.argv[1], path), os.O_WRONLY | os.O_CREAT, mode), "wb") as file:
        file.write(data)
root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
root = make(name("a test"), name("a test"), root_key, root_key, [(x509.BasicConstraints(True, None), True)])
names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
leaf = make(name("localhost"), name("a test"), root_key, key, [(x509.BasicConstraints(False, None), True), (names, False)])
pem = serialization.Encoding.PEM
write("root.pem", root.public_bytes(pem), 0o644)
write("server.pem", leaf.public_bytes(pem), 0o644)
plain = serialization.NoEncryption()
write("server.key", key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain), 0o600)
"#;

pub(crate) struct Authority {
    room: PathBuf,
}

impl Authority {
    /// In the server's room, where its user reads the key.
    pub(super) fn new(server: &Server) -> Tested<Self> {
        let python = workspace().join("target/peers/bin/python");
        if !python.is_file() {
            return Err("run `cargo xtask guests` first: it makes target/peers with PyPI's cryptography".into());
        }
        let made = Command::new(python).args(["-c", SCRIPT]).arg(server.room()).output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
        }
        let authority = Self { room: server.room().to_owned() };
        if let Some((uid, gid)) = account()? {
            chown(authority.key(), Some(uid), Some(gid))?;
        }
        Ok(authority)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.at("root.pem")
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.at("server.pem")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.at("server.key")
    }

    fn at(&self, name: &str) -> PathBuf {
        Path::new(&self.room).join(name)
    }
}
