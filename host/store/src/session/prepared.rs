//! Which statements of agents a connection has prepared. They are shared by all tenants: a plan is bound to no tenant
//! and to no role (Postgres plans anew for another role where a table has row-level security, and checks rights at each
//! run), and nobody but the host can name or list them. It doesn't know what the statements say.

use std::collections::HashMap;

/// Most statements that a connection keeps, and the longest text of one. A plan takes tens of kilobytes in Postgres.
const KEPT: usize = 128;
const KEPT_BYTES: usize = 16 * 1024;

/// The statements of one connection, by text and declared types.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    names: HashMap<String, u32>,
    last: u32,
}

impl Prepared {
    /// The statement's number, if the connection has it.
    pub(super) fn number(&self, key: &str) -> Option<u32> {
        self.names.get(key).copied()
    }

    /// A number for a statement that is about to be prepared. Keys are noted once that is done.
    pub(super) const fn next(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.last
    }

    /// Notes a statement, if it is worth it and there is room.
    pub(super) fn note(&mut self, key: String, number: u32) -> bool {
        let kept = key.len() <= KEPT_BYTES && !self.is_full();
        if kept {
            self.names.insert(key, number);
        }
        kept
    }

    /// Whether there is no room for another one: the connection had better forget them all.
    pub(super) fn is_full(&self) -> bool {
        self.names.len() >= KEPT
    }

    /// The connection has none any more.
    pub(super) fn clear(&mut self) {
        self.names.clear();
    }
}
