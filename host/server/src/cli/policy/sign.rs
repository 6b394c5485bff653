//! `casemate policy sign` and `casemate policy trust`: who vouches for a pack, and whom this host believes. It doesn't know
//! what a signature is.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use casemate_gate::budget::written;
use casemate_gate::pack::{TrustedKeys, Unverified, sign};
use casemate_keys::{PublicKey, SigningKey};
use serde_json::json;

use super::super::exit::Exit;
use super::super::{CliError, Format, Global, output};
use super::told;
use crate::app::{App, Database, PackKeys, read_pack, write_pack};
use crate::clock;

/// Sign a pack.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Sign {
    /// Directory of the pack
    #[arg(value_name = "DIR")]
    pack: PathBuf,
    /// A key of your own: a file with its 32 secret bytes in hexadecimal, that nobody else may read [default: this
    /// host's key for packs]
    #[arg(long, value_name = "FILE", requires = "name")]
    key: Option<PathBuf>,
    /// The name of that key
    #[arg(long, value_name = "NAME", requires = "key")]
    name: Option<String>,
}

/// Trust one more key.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Trust {
    /// The public key, `name+hash+key`, as `sign` shows it
    #[arg(value_name = "KEY")]
    key: String,
}

impl Sign {
    pub(in crate::cli) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let files = read_pack(&self.pack)?;
        let key = match (&self.key, &self.name) {
            (Some(path), Some(name)) => own_key(path, name)?,
            _ => PackKeys::own(&global.config()?)?,
        };
        let now_ms = clock::now_ms();
        let signed = sign(&files, &key, now_ms)?;
        // Read again as anybody would, before it is written.
        let verified = Unverified::of(signed.clone()).verify(&TrustedKeys::new([key.public().clone()]), now_ms)?;
        let pack = verified.pack();
        write_pack(&self.pack, &signed)?;
        match global.format {
            Format::Json => {
                let key = key.public().to_string();
                output::line(&json!({"type": "pack-signed", "pack": told::pack(Some(pack)), "key": key}).to_string());
            }
            Format::Human => output::line(&output::facts(vec![
                vec!["signed".to_owned(), told::named(Some(pack))],
                vec!["digest".to_owned(), pack.digest.to_string()],
                vec!["expires".to_owned(), written(pack.expires_ms)],
                vec!["key".to_owned(), key.public().to_string()],
            ])),
        }
        Ok(Exit::Done)
    }
}

impl Trust {
    pub(in crate::cli) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let key: PublicKey = self.key.parse()?;
        let config = global.config()?;
        let mut app = App::open(&config, Database::NotNeeded).await?;
        let trusted = app.trust_pack_key(&config, &key).await;
        let closed = app.close().await;
        let is_new = trusted?;
        closed?;
        match global.format {
            Format::Json => {
                output::line(&json!({"type": "pack-key", "key": key.to_string(), "new": is_new}).to_string());
            }
            Format::Human if is_new => output::line(&format!("packs that `{}` signs are believed now", key.name())),
            Format::Human => output::line(&format!("packs that `{}` signs were believed before", key.name())),
        }
        Ok(Exit::Done)
    }
}

/// A person's own key.
fn own_key(path: &Path, name: &str) -> Result<SigningKey, CliError> {
    let wrong = |what: &str| CliError::new("input-key", format!("{what}: {}", path.display()));
    let unreadable = |error: std::io::Error| wrong("name a key file that can be read").because(&error);
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.mode() & 0o077 != 0 {
        return Err(wrong("run `chmod 600` on the key file: others may read it"));
    }
    let mut text = String::new();
    file.take(1024).read_to_string(&mut text).map_err(unreadable)?;
    let seed = hex::decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let seed = seed.ok_or_else(|| wrong("write 32 secret bytes in hexadecimal into the key file"))?;
    Ok(SigningKey::from_seed(name, &seed)?)
}
