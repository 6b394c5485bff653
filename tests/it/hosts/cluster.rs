//! Hosts on a Postgres that none of them starts: the first prepares it, the others have its invitation and nothing else.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::member::Member;
use crate::external::Server;
use crate::host::{Host, Tested, example};
use crate::said::Said;

pub(super) struct Cluster {
    pub(super) members: Vec<Member>,
    pub(super) server: Server,
    /// The invitation's configuration.
    pub(super) configuration: PathBuf,
    /// The host that was there first, and isn't any more.
    pub(super) first: Host,
}

/// The settings of a host on this server, whose lease lasts so many seconds.
pub(super) fn settings(server: &Server, lease: u64) -> String {
    format!(
        "database.host = {}\ndatabase.port = {}\nhosts.lease-seconds = {lease}\n",
        json!(server.directory()),
        server.port()
    )
}

/// A host of these settings that is no member.
pub(super) fn host(settings: &str) -> Tested<Host> {
    let host = Host::empty()?;
    fs::create_dir_all(host.data())?;
    fs::write(host.data().join("config.toml"), settings)?;
    Ok(host)
}

impl Cluster {
    /// So many hosts, none of which is up, with the tenants `acme` and `globex`.
    pub(super) fn new(count: usize, lease: u64) -> Tested<Self> {
        let server = Server::start()?;
        let first = host(&settings(&server, lease))?;
        Said::of(first.command(&["db", "bootstrap"])?.env("PGPASSWORD", server.password()))?.expect(0)?;
        for tenant in ["acme", "globex"] {
            first.ask(&["tenant", "add", tenant])?.expect(0)?;
        }
        first.ask(&["db", "apply", &example("seed.sql")])?.expect(0)?;
        let invitation = first.beside("invitation");
        first.ask(&["hosts", "invite", "--out", &invitation.display().to_string()])?.expect(0)?;
        let configuration = invitation.join("config.toml");
        let members = (0..count).map(|_| Member::new(&configuration)).collect::<Tested<_>>()?;
        Ok(Self { members, server, configuration, first })
    }

    /// A number that the superuser gets for a query.
    pub(super) fn number(&self, query: &str) -> Tested<u64> {
        Ok(self.server.ask("casemate", query)?.parse()?)
    }
}
