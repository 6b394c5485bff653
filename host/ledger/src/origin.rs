//! The name of a log, `<tenant-uuid>/<writer>`. Newtypes, so that a tenant's log cannot be named by text that
//! was never checked, and so that file names built from them cannot leave their directory.
//! It does not know whether a tenant exists.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::limits::WRITER_MAX;
use crate::{FormatError, Sha};

/// A writer's name: 1 to 32 bytes of `a-z`, `0-9` and `-`. Copied about for every entry, hence inline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer {
    text: [u8; WRITER_MAX],
    len: u8,
}

impl Writer {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.text.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The name padded with NUL to 32 bytes, as segment headers carry it.
    pub(crate) fn padded(&self) -> &[u8; WRITER_MAX] {
        &self.text
    }
}

impl FromStr for Writer {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let len = u8::try_from(text.len()).map_err(|_| FormatError::Origin)?;
        let mut padded = [0; WRITER_MAX];
        let room = padded.get_mut(..text.len()).ok_or(FormatError::Origin)?;
        if text.is_empty() || !text.bytes().all(fine) {
            return Err(FormatError::Origin);
        }
        room.copy_from_slice(text.as_bytes());
        Ok(Self { text: padded, len })
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The name of one log: a tenant and the one process that writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The tenant the log belongs to.
    pub tenant: Uuid,
    /// The log's only writer.
    pub writer: Writer,
}

impl Origin {
    /// The origin line of the log's checkpoints (C2SP tlog-checkpoint): `casemate/<tenant>/<writer>`. A name
    /// without a host, since one log is kept in several places; it holds no spaces and no plus.
    #[must_use]
    pub fn line(&self) -> String {
        format!("casemate/{self}")
    }

    /// What stands as "previous leaf hash" in entry 0: SHA-256 of the origin line, so that the first entry of
    /// one log cannot be passed off as the first of another.
    #[must_use]
    pub fn genesis(&self) -> Sha {
        Sha256::digest(self.line().as_bytes()).into()
    }
}

impl FromStr for Origin {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let (tenant, writer) = text.split_once('/').ok_or(FormatError::Origin)?;
        let tenant = Uuid::try_parse(tenant).map_err(|_| FormatError::Origin)?;
        let origin = Self { tenant, writer: writer.parse()? };
        // A UUID has several spellings; only the one this crate writes may name a log.
        if origin.to_string() == text { Ok(origin) } else { Err(FormatError::Origin) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant.as_hyphenated(), self.writer)
    }
}
