//! Postgres: the only crate that knows SQL. It starts a private server, keeps its roles and tables, and opens tenant
//! transactions under a signed claim; journal, runs, tenants and the `sql` and `kv` tools' data go through it. It
//! doesn't know wasm, HTTP, what a frame contains or which call is allowed: the gates decided that before.

mod claims;
mod cluster;
mod error;
mod journal;
mod provision;
mod roles;
mod runs;
mod session;
mod tenants;
mod wire;

#[cfg(test)]
mod tests;

pub use cluster::{Cluster, ClusterError};
pub use error::StoreError;
pub use journal::PgJournal;
pub use provision::{ConnectInfo, provision};
pub use roles::RoleError;
pub use runs::{DueRun, NewRun, RunRecord, RunState};
pub use session::{Access, Caps, Db, Door, Rows, SqlError, TenantTx};
pub use tenants::{Erasure, Piece, TableHead, Tenant};
