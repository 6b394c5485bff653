//! Evidence of a run out of a data directory: what its journal and log say, with component and policy as they are kept; and
//! the compilers with which runs are repeated, in a host and away from any. It doesn't know how a run is repeated.

use std::path::Path;

use casemate_gate::{Digest, RunId, TenantId};
use casemate_keys::{MacKey, Use};
use uuid::Uuid;

use super::{App, AppError, read_pack};
use crate::config::Config;
use crate::dispatch::evidence::{Evidence, Terms, Told};
use crate::sandbox::{CompileLimits, Compiler, Optimisation};

impl App {
    /// Everything that repeating a run takes, and the run's key beside it. `with_entries` adds what ties it to the log.
    ///
    /// # Errors
    /// Those of the run's records, and of the files of component and policy.
    pub async fn evidence(
        &self,
        tenant: TenantId,
        run: RunId,
        with_entries: bool,
    ) -> Result<(Evidence, Told), AppError> {
        let told = self.dispatcher.tell(tenant, run, with_entries).await?;
        let mut evidence = Evidence {
            run,
            tenant,
            host: told.host,
            digest_key: told.key.key.mac_key(&[b"digest"])?,
            component: Vec::new(),
            terms: Terms::Text(String::new()),
            pieces: told.pieces.clone(),
        };
        let start = evidence.start().map_err(|_| AppError::Interrupted)?;
        let (component, policy) = (start.component, start.policy);
        evidence.component = self.artefacts.get(component)?;
        evidence.terms = self.terms(policy)?;
        Ok((evidence, told))
    }

    /// A policy with which a run was started: a pack's files, or a text.
    fn terms(&self, digest: Digest) -> Result<Terms, AppError> {
        let folder = self.packs.folder(digest);
        if folder.exists() {
            return Ok(Terms::Pack(read_pack(&folder)?));
        }
        let text = String::from_utf8(self.artefacts.get(digest)?);
        text.map(Terms::Text).map_err(|_| AppError::Interrupted)
    }

    /// A compiler that keeps its code with the host's.
    ///
    /// # Errors
    /// Those of the keys.
    pub fn compiler(&self, config: &Config, optimisation: Optimisation) -> Result<Compiler, AppError> {
        let epoch = self.keys.epoch(Uuid::nil(), Use::CompiledCode)?;
        let key = self.keys.mac_key(Uuid::nil(), Use::CompiledCode, epoch)?;
        Ok(compiler(config, &config.compiled_code(), key, optimisation))
    }
}

/// A compiler away from any host: what it makes is kept in a directory that ends with it.
///
/// # Errors
/// [`AppError::Keys`], where the system has no randomness.
pub fn compiler_of_its_own(room: &Path, optimisation: Optimisation) -> Result<Compiler, AppError> {
    let config = Config::of_directory(room);
    Ok(compiler(&config, &config.compiled_code(), MacKey::generate()?, optimisation))
}

fn compiler(config: &Config, code: &Path, key: MacKey, optimisation: Optimisation) -> Compiler {
    let compiler = Compiler::new(config.compiler.clone(), CompileLimits::default(), code.to_owned(), key);
    compiler.optimising(optimisation)
}
