//! A pack's files in memory, each with its limits: the directory is read once, and only what was read then is ever looked
//! at. It doesn't know what the files mean.

use std::collections::BTreeMap;

use super::PackError;

/// Most files of a pack.
pub const FILES: usize = 64;
/// Most bytes of one file.
pub const FILE_BYTES: usize = 64 * 1024;
/// Most bytes of all files together.
pub const PACK_BYTES: usize = 1024 * 1024;
/// Most bytes of a file's name, its folder included.
pub const NAME_BYTES: usize = 100;

/// Files by name, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    files: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl Files {
    /// Adds a file. Its name is relative to the pack, with `/` between folder and file.
    ///
    /// # Errors
    /// [`PackError::Name`], [`PackError::FileTooLarge`], [`PackError::TooMany`], [`PackError::TooLarge`].
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), PackError> {
        if !is_name(name) || self.files.contains_key(name) {
            return Err(PackError::Name(shown(name)));
        }
        if bytes.len() > FILE_BYTES {
            return Err(PackError::FileTooLarge(name.to_owned()));
        }
        if self.files.len() >= FILES {
            return Err(PackError::TooMany);
        }
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > PACK_BYTES {
            return Err(PackError::TooLarge);
        }
        self.files.insert(name.to_owned(), bytes);
        Ok(())
    }

    /// The bytes of a file.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// All files, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// The same without these files.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let kept = self.files.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        let files: BTreeMap<String, Vec<u8>> = kept.map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
        let bytes = files.values().map(Vec::len).sum();
        Self { files, bytes }
    }
}

/// One spelling for each file on every file system: small letters, no folder in a folder, nothing that starts with a dot.
fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(known);
    let parts = name.split('/').count();
    name == "README.md" || (name.len() <= NAME_BYTES && parts <= 2 && name.split('/').all(part))
}

/// A name that nobody vouches for, as much of it as an error needs.
fn shown(name: &str) -> String {
    name.chars().take(NAME_BYTES).flat_map(|character| character.escape_default()).collect()
}
