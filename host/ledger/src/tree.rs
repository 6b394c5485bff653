//! The right edge of an RFC 6962 tree: the roots of its complete subtrees, all that appending and taking the
//! root need. It does not keep the leaves; proofs of old entries are made from a scan of the log.

use tlog_tiles::{Hash, HashReader, split_stored_hash_index, stored_hashes_for_record_hash, tree_hash};

use crate::Sha;

/// A growing tree. `edge[level]` is the root of the last complete subtree of 2^level leaves; it is meaningful
/// only where the size has that bit set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    size: u64,
    edge: Vec<Hash>,
}

struct Edge<'a>(&'a [Hash]);

impl HashReader for Edge<'_> {
    // `stored_hashes` and `tree_hash` at the tree's own size ask only for nodes on the edge, so the level alone
    // says which.
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let of = |&index: &u64| self.0.get(usize::from(split_stored_hash_index(index).0)).copied();
        indexes.iter().map(of).collect::<Option<_>>().ok_or(tlog_tiles::Error::IndexesNotInTree)
    }
}

impl Tree {
    /// Number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its leaf hash. `None` only if the edge is inconsistent, which no input can cause.
    #[must_use]
    pub(crate) fn push(&mut self, leaf: Sha) -> Option<()> {
        let hashes = stored_hashes_for_record_hash(self.size, Hash(leaf), &Edge(&self.edge)).ok()?;
        for (level, hash) in hashes.into_iter().enumerate() {
            match self.edge.get_mut(level) {
                Some(slot) => *slot = hash,
                None => self.edge.push(hash),
            }
        }
        self.size = self.size.checked_add(1)?;
        Some(())
    }

    /// The root, RFC 6962 section 2.1; that of no leaves is SHA-256 of nothing.
    pub(crate) fn root(&self) -> Option<Sha> {
        tree_hash(self.size, &Edge(&self.edge)).ok().map(|hash| hash.0)
    }
}
