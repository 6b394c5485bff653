//! The directory of an export: files for their owner alone, each counted and hashed while it is written, and the manifest
//! that names them all. It doesn't know what is in them.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::app::AppError;

/// Name of the manifest.
const MANIFEST: &str = "manifest.json";

pub(super) struct Folder<'a> {
    root: &'a Path,
    listed: Vec<Map<String, Value>>,
    told: Vec<(String, u64, Option<u64>)>,
}

/// A file that is being written.
pub(super) struct File {
    name: String,
    path: PathBuf,
    out: BufWriter<fs::File>,
    hash: Sha256,
    bytes: u64,
    lines: Option<u64>,
}

impl<'a> Folder<'a> {
    /// Makes the directory, which must not be there.
    pub(super) fn make(root: &'a Path) -> Result<Self, AppError> {
        match fs::DirBuilder::new().mode(0o700).create(root) {
            Ok(()) => Ok(Self { root, listed: Vec::new(), told: Vec::new() }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(AppError::ExportExists(root.to_owned())),
            Err(cause) => Err(AppError::file(root)(cause)),
        }
    }

    /// Begins a file, by its path in the directory.
    pub(super) fn begin(&self, name: &str) -> Result<File, AppError> {
        let path = self.root.join(name);
        if let Some(parent) = path.parent() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(parent);
            made.map_err(AppError::file(parent))?;
        }
        let opened = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
        let out = BufWriter::with_capacity(1 << 16, opened.map_err(AppError::file(&path))?);
        Ok(File {
            name: name.to_owned(),
            path,
            out,
            hash: Sha256::new(),
            bytes: 0,
            lines: name.ends_with(".jsonl").then_some(0),
        })
    }

    /// Has a file on disk and in the manifest, with what is to be said of it.
    pub(super) fn end(
        &mut self,
        mut file: File,
        mut about: Map<String, Value>,
        told: &mut dyn FnMut(&str, u64),
    ) -> Result<(), AppError> {
        let synced = file.out.flush().and_then(|()| file.out.get_ref().sync_all());
        synced.map_err(AppError::file(&file.path))?;
        let digest = hex::encode(file.hash.finalize());
        about.insert("path".to_owned(), json!(file.name));
        about.insert("bytes".to_owned(), json!(file.bytes));
        about.insert("sha256".to_owned(), json!(digest));
        if let Some(lines) = file.lines {
            about.insert("lines".to_owned(), json!(lines));
        }
        told(&file.name, file.bytes);
        self.listed.push(about);
        self.told.push((file.name, file.bytes, file.lines));
        Ok(())
    }

    /// Writes a whole file.
    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), AppError> {
        let mut file = self.begin(name)?;
        file.bytes(bytes)?;
        self.end(file, Map::new(), &mut |_, _| {})
    }

    /// Writes the manifest, with the list of files, and has all names on disk. What was written, by path.
    pub(super) fn close(self, mut manifest: Value) -> Result<Vec<(String, u64, Option<u64>)>, AppError> {
        if let Value::Object(manifest) = &mut manifest {
            manifest.insert("files".to_owned(), self.listed.into_iter().map(Value::Object).collect());
        }
        let path = self.root.join(MANIFEST);
        let text = serde_json::to_vec_pretty(&manifest).map_err(|_| AppError::Interrupted)?;
        crate::durable::write(&path, &text).map_err(AppError::file(&path))?;
        for folder in ["tables", "policy", "artefacts", "audit"].map(|name| self.root.join(name)) {
            if folder.exists() {
                fs::File::open(&folder).and_then(|opened| opened.sync_all()).map_err(AppError::file(&folder))?;
            }
        }
        Ok(self.told)
    }
}

impl File {
    /// Writes bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), AppError> {
        self.out.write_all(bytes).map_err(AppError::file(&self.path))?;
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Writes a JSON document as a line.
    pub(super) fn line(&mut self, line: &Value) -> Result<(), AppError> {
        let mut text = line.to_string();
        text.push('\n');
        self.lines = Some(self.lines.unwrap_or_default().saturating_add(1));
        self.bytes(text.as_bytes())
    }
}
