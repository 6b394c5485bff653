//! `casemate policy sign` and `casemate policy trust`: who vouches for a pack, and whom this host believes. It doesn't know
//! what a signature is.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use casemate_gate::budget::written;
use casemate_gate::pack::{MANIFEST, Pack, SIGNATURE, Source, TrustedKeys, Unverified, sign};
use casemate_keys::{PublicKey, SigningKey};
use serde_json::json;

use super::super::exit::Exit;
use super::super::{CliError, Format, Global, output};
use super::told;
use crate::app::{App, AppError, Database, PackKeys, read_pack, write_pack};
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
    /// Sign a pack that is signed already, so that it holds longer: raise its version first if it was applied
    #[arg(long)]
    renew: bool,
}

/// Trust one more key, or one fewer.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Trust {
    /// The public key, `name+hash+key`, as `sign` shows it; none to list the keys of others that are trusted
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// Trust it no more
    #[arg(long, requires = "key")]
    remove: bool,
}

impl Sign {
    pub(in crate::cli) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let files = read_pack(&self.pack)?;
        let key = match (&self.key, &self.name) {
            (Some(path), Some(name)) => own_key(path, name)?,
            _ => PackKeys::own(&global.config()?)?,
        };
        let now_ms = clock::now_ms();
        let own = TrustedKeys::new([key.public().clone()]);
        // Signed again it would be another version with the same number.
        if !self.renew
            && let Ok(verified) = Unverified::of(files.clone()).verify(&own, now_ms)
        {
            return Ok(show(global.format, verified.pack(), key.public()));
        }
        let source = Source::parse(&files.without(&[MANIFEST, SIGNATURE]))?;
        let failed: Vec<_> = source.cases.iter().filter(|case| !case.put_to(&source.policy, now_ms).passed).collect();
        if let Some(first) = failed.first() {
            let (all, first) = (source.cases.len(), first.name.clone());
            return Err(AppError::PackTest { failed: failed.len(), all, first }.into());
        }
        let signed = sign(&files, &key, now_ms)?;
        // Read again as anybody would, before it is written.
        let verified = Unverified::of(signed.clone()).verify(&own, now_ms)?;
        write_pack(&self.pack, &signed)?;
        Ok(show(global.format, verified.pack(), key.public()))
    }
}

fn show(format: Format, pack: &Pack, key: &PublicKey) -> Exit {
    match format {
        Format::Json => {
            let key = key.to_string();
            output::line(&json!({"type": "pack-signed", "pack": told::pack(Some(pack)), "key": key}).to_string());
        }
        Format::Human => output::line(&output::facts(vec![
            vec!["signed".to_owned(), told::named(Some(pack))],
            vec!["digest".to_owned(), pack.digest.to_string()],
            vec!["expires".to_owned(), written(pack.expires_ms)],
            vec!["key".to_owned(), key.to_string()],
        ])),
    }
    Exit::Done
}

impl Trust {
    pub(in crate::cli) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let Some(key) = self.key else {
            for key in PackKeys::of_others(&config)?.iter() {
                match global.format {
                    Format::Json => output::line(&json!({"type": "pack-key", "key": key.to_string()}).to_string()),
                    Format::Human => output::line(&key.to_string()),
                }
            }
            return Ok(Exit::Done);
        };
        let key: PublicKey = key.parse()?;
        let mut app = App::open(&config, Database::NotNeeded).await?;
        let done = match self.remove {
            true => app.distrust_pack_key(&config, &key).await,
            false => app.trust_pack_key(&config, &key).await,
        };
        let closed = app.close().await;
        let changed = done?;
        closed?;
        let trusted = !self.remove;
        let id = format!("{}+{:08x}", key.name(), key.id());
        match global.format {
            Format::Json => {
                let line = json!({"type": "pack-key", "key": key.to_string(), "trusted": trusted, "changed": changed});
                output::line(&line.to_string());
            }
            Format::Human => {
                let (not, when) = (if trusted { "" } else { "not " }, if changed { "now" } else { "already" });
                output::line(&format!("packs that `{id}` signs are {not}believed {when}"));
            }
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
