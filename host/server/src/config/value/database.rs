//! The forms of what says where a database is. It doesn't know how one connects to it.

use std::path::{Path, PathBuf};

use super::super::Source;
use super::super::setting::Found;
use super::{Value, Written, quoted};

/// Where something listens: as libpq's `host`, which is a directory if it begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A name or an address of the network.
    Host(String),
    /// The directory of a Unix socket.
    Directory(PathBuf),
}

impl Value for Place {
    fn read(found: &Found) -> Result<Self, &'static str> {
        const FORM: &str = "a host's name or address without its port, or a socket's directory that begins with `/`";
        let Written::Text(text) = &found.written else { return Err(FORM) };
        let text = text.to_str().ok_or(FORM)?;
        if text.starts_with('/') {
            return Ok(Self::Directory(text.into()));
        }
        // An address of IPv6 has colons; in whatever else they would be a port's.
        let is_host = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        let good = (1..=253).contains(&text.len()) && (is_host(text) || text.parse::<std::net::IpAddr>().is_ok());
        if good { Ok(Self::Host(text.to_owned())) } else { Err(FORM) }
    }

    fn toml(&self) -> Option<String> {
        match self {
            Self::Host(host) => Some(quoted(host)),
            Self::Directory(path) => path.toml(),
        }
    }

    fn map_paths(&mut self, map: &mut dyn FnMut(&Path) -> PathBuf) {
        if let Self::Directory(path) = self {
            path.map_paths(map);
        }
    }
}

/// A TCP port, which is also part of the name of a socket of Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(u16);

impl Port {
    pub(in super::super) const POSTGRES: Self = Self(5432);
    pub(in super::super) const POOLER: Self = Self(6432);

    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl Value for Port {
    fn read(found: &Found) -> Result<Self, &'static str> {
        let number = match &found.written {
            Written::Number(number) => u16::try_from(*number).ok(),
            Written::Text(text) if found.source != Source::File => text.to_str().and_then(|text| text.parse().ok()),
            _ => None,
        };
        number.filter(|number| *number > 0).map(Self).ok_or("a port, from 1 to 65535")
    }

    fn toml(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// Name of a database. Postgres cuts longer ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Default for Name {
    fn default() -> Self {
        Self("casemate".to_owned())
    }
}

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Name {
    fn read(found: &Found) -> Result<Self, &'static str> {
        const FORM: &str = "a name of 1 to 63 letters, digits, `_` or `-`";
        let Written::Text(text) = &found.written else { return Err(FORM) };
        let text = text.to_str().ok_or(FORM)?;
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=63).contains(&text.len()) && text.bytes().all(good) { Ok(Self(text.to_owned())) } else { Err(FORM) }
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

/// Whether connections over a network are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Encrypted, to a server whose certificate is valid for its name.
    VerifyFull,
    /// Not at all.
    Disable,
}

impl Value for Tls {
    fn read(found: &Found) -> Result<Self, &'static str> {
        match &found.written {
            Written::Text(text) if text == "verify-full" => Ok(Self::VerifyFull),
            Written::Text(text) if text == "disable" => Ok(Self::Disable),
            _ => Err("`verify-full` or `disable`"),
        }
    }

    fn toml(&self) -> Option<String> {
        let text = match self {
            Self::VerifyFull => "verify-full",
            Self::Disable => "disable",
        };
        Some(quoted(text))
    }
}
