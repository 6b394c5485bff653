//! A database that the host doesn't start, and poolers before it: which are told apart, refused, and safe; and what
//! holds behind the safe one. The poolers are PgBouncer of two versions, as `cargo xtask guests` builds them. Outside of
//! CI the tests say so where it isn't there.

mod bouncer;
mod held;
mod probed;
mod soak;

use std::path::PathBuf;

use bouncer::{Bouncer, Release};
use tempfile::TempDir;

use super::world::{AnyError, Outcome, World};
use crate::{
    Address, Cluster, ConnectInfo, External, Listener, StoreError, Superuser, bootstrap_external, open_external,
};

/// A server as somebody else runs it, and room for poolers.
pub(super) struct Elsewhere {
    cluster: Option<Cluster>,
    password: String,
    external: External,
    room: TempDir,
}

impl Elsewhere {
    async fn new() -> Result<Self, AnyError> {
        let room = bouncer::room()?;
        let home = room.path().join("server");
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&home, None)).await??;
        let direct = at(cluster.socket().to_owned(), 5432);
        let credentials = room.path().join("credentials");
        let external = External { direct, pooler: None, database: "casemate".to_owned(), credentials };
        let password = cluster.superuser_password().to_owned();
        let elsewhere = Self { cluster: Some(cluster), password, external, room };
        let made = bootstrap_external(&elsewhere.external, &elsewhere.superuser()).await?;
        assert!(made.iter().all(|one| one.changed), "{made:?}");
        Ok(elsewhere)
    }

    fn superuser(&self) -> Superuser {
        Superuser { password: Some(self.password.clone()), ..Superuser::default() }
    }

    /// The same server behind a pooler that was just started with these lines of `pgbouncer.ini`.
    fn behind(&self, release: Release, lines: &str) -> Result<(Bouncer, External), AnyError> {
        let bouncer = Bouncer::start(release, self, lines)?;
        let pooler = Some(at(bouncer.directory().to_owned(), bouncer::PORT));
        Ok((bouncer, External { pooler, ..self.external.clone() }))
    }

    async fn open(&self, external: &External) -> Result<ConnectInfo, StoreError> {
        open_external(external, "tests").await
    }

    async fn world(&self, external: &External) -> Result<World, AnyError> {
        let cluster = self.cluster.as_ref().ok_or("the server is stopped")?;
        World::over(&self.open(external).await?, &self.room.path().join("server"), super::world::superuser(cluster))
            .await
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            // Also where a test has failed: a server that nobody stops goes on.
            drop(cluster.stop());
        }
    }
}

fn at(directory: PathBuf, port: u16) -> Address {
    Address { listener: Listener::Socket(directory), port, tls: None, root_certificate: None }
}

fn on_a_runtime<F: Future<Output = Outcome>>(work: impl FnOnce(Elsewhere) -> F) -> Outcome {
    if !bouncer::is_there()? {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    runtime.block_on(async { work(Elsewhere::new().await?).await })
}

#[test]
fn poolers_are_told_apart() -> Outcome {
    on_a_runtime(probed::poolers_are_told_apart)
}

#[test]
fn a_bootstrap_says_what_it_did() -> Outcome {
    on_a_runtime(probed::a_bootstrap_says_what_it_did)
}

/// Every case that holds on the host's own server.
#[test]
fn all_holds_behind_a_pooler() -> Outcome {
    on_a_runtime(|elsewhere| async move {
        let (_bouncer, external) = elsewhere.behind(Release::SAFE, "default_pool_size = 4")?;
        let world = elsewhere.world(&external).await?;
        assert!(world.db.info().is_pooled());
        let failed = super::failed(&world).await;
        world.db.close().await;
        assert!(failed.is_empty(), "failed:\n{}", failed.join("\n"));
        Ok(())
    })
}

#[test]
fn no_row_crosses_in_a_soak() -> Outcome {
    on_a_runtime(soak::no_row_crosses)
}

#[test]
fn a_session_is_left_as_it_was_found() -> Outcome {
    on_a_runtime(held::a_session_is_left_as_it_was_found)
}

#[test]
fn a_cancelled_statement_ends_in_the_server() -> Outcome {
    on_a_runtime(held::a_cancelled_statement_ends_in_the_server)
}
