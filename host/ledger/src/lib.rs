//! Casemate's tamper-evident log: one hash-chained, Merkle-hashed log per tenant and writer, every entry
//! durable in three directories ("zones") before it is acknowledged.
//!
//! Forms: RFC 6962 tree hashing, C2SP signed-note and tlog-checkpoint heads, uint16-length-prefixed entries as
//! in C2SP tlog-tiles. What the log alone cannot show is a rollback of all three zones together with their
//! checkpoints: only somebody who remembers an earlier checkpoint (a witness, a time-stamp) sees that.
//!
//! It does not know what a payload means, who holds the keys that seal it, what time it is, or where random
//! bytes come from: time, salt and keys come from the caller. It needs no async runtime and no database.

mod bytes;
mod chain;
mod checkpoint;
mod commit;
mod config;
mod disk;
mod draft;
mod engine;
mod entry;
mod error;
mod format;
mod frame;
mod kind;
mod leaf;
mod ledger;
pub mod limits;
mod memory;
mod notary;
mod open;
mod origin;
mod publish;
mod queue;
pub mod read;
mod receipt;
mod recover;
mod repair;
mod seal;
mod segment;
mod ticket;
mod tree;
pub mod verify;
mod zone;

#[cfg(test)]
mod tests;

pub use checkpoint::SignedCheckpoint;
pub use config::{Config, Memory, Sizes};
pub use draft::Draft;
pub use entry::Entry;
pub use error::{AppendError, CheckpointError, OpenError, ReadError};
pub use format::FormatError;
pub use kind::Kind;
pub use leaf::{LEAF_LEN, Leaf};
pub use ledger::Ledger;
pub use origin::{Origin, Writer};
pub use receipt::Receipt;
pub use signed_note;
pub use ticket::{CheckpointTicket, Ticket};
pub use zone::prepare_zone;

/// A SHA-256 value, 32 bytes.
pub type Sha = [u8; 32];
