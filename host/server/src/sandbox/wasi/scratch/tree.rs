//! The names of a scratch directory and where they lead. It doesn't know the disk, nor the quota.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::ops::Bound;

use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::path::{Path, Step};

/// A file or directory, for as long as the run goes on: numbers are not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u64);

impl NodeId {
    pub(super) const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(super) enum Kind {
    /// Its size, and its bytes while they are open.
    File { size: u64, file: Option<File> },
    /// Its entries by name, and the directory above; the root's is the root.
    Directory { entries: BTreeMap<String, NodeId>, parent: NodeId },
}

impl Kind {
    pub(super) const fn file() -> Self {
        Self::File { size: 0, file: None }
    }

    pub(super) const fn directory(parent: NodeId) -> Self {
        Self::Directory { entries: BTreeMap::new(), parent }
    }
}

struct Node {
    kind: Kind,
    /// Whether it has a name. There are no links, so it has one at most.
    named: bool,
    openers: usize,
}

/// How something is to be opened.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sandbox::wasi) struct Opening {
    pub(in crate::sandbox::wasi) create: bool,
    pub(in crate::sandbox::wasi) exclusive: bool,
    pub(in crate::sandbox::wasi) directory: bool,
    pub(in crate::sandbox::wasi) truncate: bool,
    pub(in crate::sandbox::wasi) write: bool,
}

/// What a path leads to that may be made.
pub(super) enum Entry {
    There(NodeId),
    New { parent: NodeId, name: String },
}

/// Where a path's last step leads.
struct Place {
    /// The directory with the entry, and its name there; none for a directory that was reached by dots.
    entry: Option<(NodeId, String)>,
    node: Option<NodeId>,
    /// Only a directory will do.
    directory: bool,
}

pub(super) struct Tree {
    nodes: BTreeMap<NodeId, Node>,
    next: u64,
}

impl Default for Tree {
    fn default() -> Self {
        let root = Node { kind: Kind::directory(Self::ROOT), named: true, openers: 0 };
        Self { nodes: BTreeMap::from([(Self::ROOT, root)]), next: 1 }
    }
}

impl Tree {
    pub(super) const ROOT: NodeId = NodeId(0);

    fn entries(&self, node: NodeId) -> Result<&BTreeMap<String, NodeId>, ErrorCode> {
        match self.nodes.get(&node).map(|node| &node.kind) {
            Some(Kind::Directory { entries, .. }) => Ok(entries),
            _ => Err(ErrorCode::NotDirectory),
        }
    }

    fn is_directory(&self, node: NodeId) -> bool {
        self.entries(node).is_ok()
    }

    fn parent(&self, node: NodeId) -> Result<NodeId, ErrorCode> {
        match self.nodes.get(&node).map(|node| &node.kind) {
            Some(Kind::Directory { parent, .. }) => Ok(*parent),
            _ => Err(ErrorCode::NotDirectory),
        }
    }

    fn walk(&self, base: NodeId, text: &str) -> Result<Place, ErrorCode> {
        let Path { steps, directory } = Path::parse(text)?;
        self.entries(base)?;
        let mut place = Place { entry: None, node: Some(base), directory };
        for step in steps {
            let here = place.node.ok_or(ErrorCode::NoEntry)?;
            (place.entry, place.node) = match step {
                Step::Up => (None, Some(self.parent(here)?)),
                Step::Down(name) => (Some((here, name.to_owned())), self.entries(here)?.get(name).copied()),
            };
        }
        match place.node {
            Some(node) if directory && !self.is_directory(node) => Err(ErrorCode::NotDirectory),
            _ => Ok(place),
        }
    }

    pub(super) fn lookup(&self, base: NodeId, path: &str) -> Result<NodeId, ErrorCode> {
        self.walk(base, path)?.node.ok_or(ErrorCode::NoEntry)
    }

    /// What is to be opened, or where it is to be made.
    pub(super) fn find(&self, base: NodeId, path: &str, opening: Opening) -> Result<Entry, ErrorCode> {
        let Opening { create, exclusive, directory, truncate, write } = opening;
        if (create && directory) || (truncate && !write) {
            return Err(ErrorCode::Invalid);
        }
        let place = self.walk(base, path)?;
        match (place.node, place.entry) {
            (Some(_), _) if create && exclusive => Err(ErrorCode::Exist),
            (Some(node), _) if self.is_directory(node) && (write || truncate) => Err(ErrorCode::IsDirectory),
            (Some(node), _) if directory && !self.is_directory(node) => Err(ErrorCode::NotDirectory),
            (Some(node), _) => Ok(Entry::There(node)),
            (None, Some(_)) if create && place.directory => Err(ErrorCode::IsDirectory),
            (None, Some((parent, name))) if create => {
                self.room(parent, name).map(|(parent, name)| Entry::New { parent, name })
            }
            (None, _) => Err(ErrorCode::NoEntry),
        }
    }

    /// Where something is to be made that isn't there.
    pub(super) fn vacancy(&self, base: NodeId, path: &str) -> Result<(NodeId, String), ErrorCode> {
        let place = self.walk(base, path)?;
        match (place.node, place.entry) {
            (Some(_), _) => Err(ErrorCode::Exist),
            (None, Some((parent, name))) => self.room(parent, name),
            (None, None) => Err(ErrorCode::NoEntry),
        }
    }

    /// A directory that was removed and is still open takes no new entries.
    fn room(&self, parent: NodeId, name: String) -> Result<(NodeId, String), ErrorCode> {
        let named = self.nodes.get(&parent).is_some_and(|node| node.named);
        if named { Ok((parent, name)) } else { Err(ErrorCode::NoEntry) }
    }

    pub(super) fn add(&mut self, parent: NodeId, name: String, kind: Kind) -> NodeId {
        let id = NodeId(self.next);
        self.next = self.next.saturating_add(1);
        self.nodes.insert(id, Node { kind, named: true, openers: 0 });
        self.name(parent, name, id);
        id
    }

    fn name(&mut self, parent: NodeId, name: String, id: NodeId) {
        if let Some(Node { kind: Kind::Directory { entries, .. }, .. }) = self.nodes.get_mut(&parent) {
            entries.insert(name, id);
        }
    }

    fn unname(&mut self, parent: NodeId, name: &str) {
        if let Some(Node { kind: Kind::Directory { entries, .. }, .. }) = self.nodes.get_mut(&parent) {
            entries.remove(name);
        }
    }

    fn remove(&mut self, parent: NodeId, name: &str, id: NodeId) {
        self.unname(parent, name);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.named = false;
        }
    }

    pub(super) fn remove_directory(&mut self, base: NodeId, path: &str) -> Result<NodeId, ErrorCode> {
        let place = self.walk(base, path)?;
        let node = place.node.ok_or(ErrorCode::NoEntry)?;
        if !self.entries(node)?.is_empty() {
            return Err(ErrorCode::NotEmpty);
        }
        // Dots name no entry, so they can't remove one; the root has none.
        let (parent, name) = place.entry.ok_or(ErrorCode::Invalid)?;
        self.remove(parent, &name, node);
        Ok(node)
    }

    pub(super) fn unlink(&mut self, base: NodeId, path: &str) -> Result<NodeId, ErrorCode> {
        let place = self.walk(base, path)?;
        let node = place.node.ok_or(ErrorCode::NoEntry)?;
        if self.is_directory(node) {
            return Err(ErrorCode::IsDirectory);
        }
        let (parent, name) = place.entry.ok_or(ErrorCode::IsDirectory)?;
        self.remove(parent, &name, node);
        Ok(node)
    }

    /// Moves an entry; what was replaced by it is returned.
    pub(super) fn rename(
        &mut self,
        (old_base, old_path): (NodeId, &str),
        (new_base, new_path): (NodeId, &str),
    ) -> Result<Option<NodeId>, ErrorCode> {
        let (old, new) = (self.walk(old_base, old_path)?, self.walk(new_base, new_path)?);
        let node = old.node.ok_or(ErrorCode::NoEntry)?;
        let (old_parent, old_name) = old.entry.ok_or(ErrorCode::Invalid)?;
        let (new_parent, new_name) = new.entry.ok_or(ErrorCode::Invalid)?;
        let (new_parent, new_name) = self.room(new_parent, new_name)?;
        if new.node == Some(node) {
            return Ok(None);
        }
        let directory = self.is_directory(node);
        match new.node {
            None if new.directory && !directory => return Err(ErrorCode::NotDirectory),
            Some(there) if directory && !self.entries(there)?.is_empty() => return Err(ErrorCode::NotEmpty),
            Some(there) if !directory && self.is_directory(there) => return Err(ErrorCode::IsDirectory),
            _ => {}
        }
        if directory && self.is_within(new_parent, node)? {
            return Err(ErrorCode::Invalid);
        }
        if let Some(replaced) = new.node {
            self.remove(new_parent, &new_name, replaced);
        }
        self.unname(old_parent, &old_name);
        self.name(new_parent, new_name, node);
        if let Some(Node { kind: Kind::Directory { parent, .. }, .. }) = self.nodes.get_mut(&node) {
            *parent = new_parent;
        }
        Ok(new.node)
    }

    /// Whether a directory is another or below it.
    fn is_within(&self, mut node: NodeId, above: NodeId) -> Result<bool, ErrorCode> {
        while node != above {
            if node == Self::ROOT {
                return Ok(false);
            }
            node = self.parent(node)?;
        }
        Ok(true)
    }

    pub(super) fn size(&self, node: NodeId) -> Option<u64> {
        match self.nodes.get(&node).map(|node| &node.kind) {
            Some(Kind::File { size, .. }) => Some(*size),
            _ => None,
        }
    }

    pub(super) fn set_size(&mut self, node: NodeId, new: u64) {
        if let Some(Node { kind: Kind::File { size, .. }, .. }) = self.nodes.get_mut(&node) {
            *size = new;
        }
    }

    /// The place for a file's open bytes.
    pub(super) fn file_mut(&mut self, node: NodeId) -> Option<&mut Option<File>> {
        match self.nodes.get_mut(&node).map(|node| &mut node.kind) {
            Some(Kind::File { file, .. }) => Some(file),
            _ => None,
        }
    }

    pub(super) fn entry_after(&self, node: NodeId, name: Option<&str>) -> Result<Option<(String, bool)>, ErrorCode> {
        let from = name.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.entries(node)?.range::<str, _>((from, Bound::Unbounded)).next();
        Ok(next.map(|(name, node)| (name.clone(), self.is_directory(*node))))
    }

    pub(super) fn opened(&mut self, node: NodeId) {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.openers = node.openers.saturating_add(1);
        }
    }

    /// The last opener takes the host's open file with it.
    pub(super) fn closed(&mut self, node: NodeId) {
        let Some(node) = self.nodes.get_mut(&node) else { return };
        node.openers = node.openers.saturating_sub(1);
        if let (0, Kind::File { file, .. }) = (node.openers, &mut node.kind) {
            *file = None;
        }
    }

    /// Forgets a node that has neither name nor opener, and says how many bytes it had.
    pub(super) fn bury(&mut self, id: NodeId) -> Option<u64> {
        let node = self.nodes.get(&id)?;
        if node.named || node.openers > 0 {
            return None;
        }
        let size = self.size(id).unwrap_or_default();
        self.nodes.remove(&id);
        Some(size)
    }
}
