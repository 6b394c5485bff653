//! The wrapper whose keys lie in a local file with tight permissions: one version a line, the active one first. It
//! doesn't know what the tenants' keys protect.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::data_key::{DataKey, WrappedKey};
use crate::error::KeyError;
use crate::file;
use crate::purpose::{Context, Purpose};
use crate::seals::Limits;
use crate::secret::Secret;
use crate::wrapper::{Description, KeyWrapper, Root};

const FIRST_LINE: &str = "casemate host key v1";
/// Versions that the file holds. A rotation wraps every tenant's key anew, so older ones open nothing that is in use.
const VERSIONS: usize = 64;
/// Bytes of a file with as many.
const FILE_BYTES: u64 = 8 * 1024;

/// The host's keys in a file that only its owner may read.
#[derive(Debug)]
pub struct LocalKeyFile {
    /// None for keys that live as long as the process.
    path: Option<PathBuf>,
    /// The active one first. Held for one look or one rotation.
    roots: RwLock<Vec<DataKey>>,
}

impl LocalKeyFile {
    /// Reads the key file.
    ///
    /// # Errors
    /// [`KeyError`] naming the file: not there, not readable, readable by others, or damaged.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        Self::read(path)?.ok_or_else(|| KeyError::Missing(path.to_owned()))
    }

    /// Reads the key file, or makes one with a new key where there is none.
    ///
    /// # Errors
    /// [`KeyError`] naming the file: not readable, readable by others, or damaged.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        if let Some(found) = Self::read(path)? {
            return Ok(found);
        }
        let roots = vec![DataKey::generate()?];
        file::write(path, text(&roots).as_bytes())?;
        Ok(Self { path: Some(path.to_owned()), roots: RwLock::new(roots) })
    }

    /// A key that lives as long as the process, for runs that keep nothing.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn ephemeral() -> Result<Self, KeyError> {
        Ok(Self { path: None, roots: RwLock::new(vec![DataKey::generate()?]) })
    }

    fn read(path: &Path) -> Result<Option<Self>, KeyError> {
        let Some(bytes) = file::read(path, FILE_BYTES)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::Damaged(path.to_owned()))?;
        let roots = parse(text).ok_or_else(|| KeyError::Damaged(path.to_owned()))?;
        Ok(Some(Self { path: Some(path.to_owned()), roots: RwLock::new(roots) }))
    }

    fn context(tenant: Uuid, version: u32) -> Context {
        Context { tenant, purpose: Purpose::TenantKey, id: Uuid::nil(), part: u64::from(version) }
    }
}

/// Versions fall by at least one from line to line, and there is one.
fn parse(text: &str) -> Option<Vec<DataKey>> {
    let mut lines = text.strip_prefix(FIRST_LINE)?.strip_prefix('\n')?.lines();
    let mut last = u32::MAX;
    let roots = lines.by_ref().take(VERSIONS).map(|line| {
        let (version, key) = line.split_once(' ')?;
        let version: u32 = version.parse().ok()?;
        let falls = version >= 1 && std::mem::replace(&mut last, version) > version;
        let key = Zeroizing::new(BASE64.decode(key).ok()?);
        let root = DataKey::new(Secret::parse(&key).ok()?, version, Limits::default().seals).ok()?;
        falls.then_some(root)
    });
    let roots: Vec<_> = roots.collect::<Option<_>>()?;
    (!roots.is_empty() && lines.next().is_none()).then_some(roots)
}

fn text(roots: &[DataKey]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES as usize));
    text.push_str(FIRST_LINE);
    text.push('\n');
    for root in roots {
        let key = Zeroizing::new(BASE64.encode(root.secret().expose()));
        let _never_fails = writeln!(text, "{} {}", root.version(), *key);
    }
    text
}

impl KeyWrapper for LocalKeyFile {
    fn wrap(&self, tenant: Uuid, key: &DataKey) -> Result<WrappedKey, KeyError> {
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        let active = roots.first().ok_or(KeyError::Library)?;
        active.wrap(&Self::context(tenant, key.version()), key, &[])
    }

    fn unwrap(&self, tenant: Uuid, version: u32, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        let under = wrapped.under()?;
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        let root = roots.iter().find(|root| (root.id(), root.version()) == under).ok_or(KeyError::DoesNotOpen)?;
        Ok(root.unwrap::<0>(&Self::context(tenant, version), wrapped, version)?.0)
    }

    fn is_current(&self, wrapped: &WrappedKey) -> bool {
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        roots.first().is_some_and(|root| wrapped.under().is_ok_and(|under| under == (root.id(), root.version())))
    }

    fn rotate(&self) -> Result<(), KeyError> {
        let mut roots = self.roots.write().unwrap_or_else(PoisonError::into_inner);
        let version = roots.first().map_or(Some(1), |root| root.version().checked_add(1)).ok_or(KeyError::Full)?;
        let mut fresh = vec![DataKey::generate_within(version, Limits::default().seals)?];
        for root in roots.iter().take(VERSIONS - 1) {
            fresh.push(root.duplicate()?);
        }
        if let Some(path) = &self.path {
            file::write(path, text(&fresh).as_bytes())?;
        }
        *roots = fresh;
        Ok(())
    }

    fn describe(&self) -> Description {
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        let roots = roots.iter().map(|root| Root { id: root.id(), version: root.version() }).collect();
        Description { kind: "local-file", roots }
    }
}
