//! Postgres: the only crate that knows SQL. It starts a private server or uses another, keeps its roles and tables, and opens tenant
//! transactions under a signed claim; journal, runs, tenants and the `sql` and `kv` tools' data go through it. It
//! doesn't know wasm, HTTP, what a frame contains or which call is allowed: the gates decided that before.

mod artefacts;
mod check;
mod claims;
mod cluster;
mod documents;
mod error;
mod escrow;
mod external;
mod floor;
mod hosts;
mod jobs;
mod journal;
mod pooler;
mod protect;
mod provision;
mod roles;
mod runs;
mod session;
mod tenants;
mod wire;
#[cfg(feature = "yardstick")]
pub mod yardstick;

#[cfg(test)]
mod tests;

pub use check::{Finding, Right};
pub use cluster::{Cluster, ClusterError};
pub use documents::{Document, Keeper};
pub use error::StoreError;
pub use escrow::{Escrow, EscrowStretch, EscrowWindow};
pub use external::{Address, External, Listener, ServerError};
pub use hosts::{HostRecord, NewHost, Orphan};
pub use jobs::{
    Applied, ApprovalFilter, ApprovalRecord, Asked, Claimed, Decided, HeldRun, JobFilter, JobRecord, Listening, Place,
    Question, Submitted, Waiting, Word,
};
pub use journal::PgJournal;
pub use pooler::PoolerError;
pub use protect::Protection;
pub use provision::{
    ConnectInfo, Done, Status, Superuser, bootstrap_external, open_external, pooler_users, provision, visit,
};
pub use roles::RoleError;
pub use runs::{RunRecord, RunState};
pub use session::{Access, Caps, Cursor, DROPPED, Db, Door, Rows, SqlError, TenantTx};
pub use tenants::{Erasure, Piece, TableHead, Tenant};
