//! Whether something stands between the host and Postgres that shares sessions between its clients, and whether it does
//! so safely: found out by what it does, not by what it calls itself. Two clients of one login meet in one session, or
//! they can't; where they do, one has prepared a statement there that the other's must not be taken for. It doesn't
//! know any pooler's name or version.

mod error;
mod session;

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::time::timeout;

use crate::error::sqlstate;
use crate::external::{Address, ServerError, connect};
use crate::wire;
pub use error::PoolerError;
pub(crate) use session::{Session, has_its_settings, look};

/// How often the two try to meet. A busy pooler gives the session to somebody else in between.
const ROUNDS: usize = 4;
/// How many look for the session in a round: a pooler may hand out its sessions in turn.
const SEEKERS: usize = 3;
/// How long a pooler may take to find a session for a client.
const STEP: Duration = Duration::from_secs(3);
/// Room for the two statements that sqlx prepares by name. The first of every client has the same name.
const STATEMENTS: usize = 8;

/// Two texts that answer with themselves.
const OWN: (&str, &str) = ("select 'own'::text", "own");
const OTHER: (&str, &str) = ("select 'other'::text", "other");

/// One login at one address.
struct Probe<'a> {
    address: &'a Address,
    options: PgConnectOptions,
}

/// What a round has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Nobody was ever given another's session.
    Apart,
    /// A session was given to somebody else, but the two were not there together.
    Missed,
    /// The two were in one session, one after the other, and each kept what is theirs.
    Safe,
}

/// Whether sessions are shared between clients of this login.
///
/// # Errors
/// [`PoolerError`]: how it isn't safe, or that it could not be found out.
pub(crate) async fn is_pooled(address: &Address, options: &PgConnectOptions) -> Result<bool, ServerError> {
    let probe = Probe { address, options: options.clone().statement_cache_capacity(STATEMENTS) };
    let mut seen = Seen::Apart;
    let mut client = probe.client().await?;
    for _ in 0..ROUNDS {
        match probe.round(&mut client).await? {
            Seen::Safe => return Ok(true),
            Seen::Missed => seen = Seen::Missed,
            Seen::Apart => {}
        }
    }
    match seen {
        Seen::Apart => Ok(false),
        Seen::Missed | Seen::Safe => Err(probe.busy()),
    }
}

impl Probe<'_> {
    fn login(&self) -> String {
        self.options.get_username().to_owned()
    }

    fn busy(&self) -> ServerError {
        PoolerError::Busy { login: self.login() }.into()
    }

    async fn client(&self) -> Result<PgConnection, ServerError> {
        connect(self.address, &self.options).await
    }

    async fn round(&self, client: &mut PgConnection) -> Result<Seen, ServerError> {
        // A session with a statement of this client's in it, which the client leaves to whoever comes.
        let session = self.begin(client).await?;
        self.prepared(client, OWN).await?;
        self.end(client).await?;
        // Held until the end, so that each is in another session.
        let mut seekers = Vec::with_capacity(SEEKERS);
        for _ in 0..SEEKERS {
            let mut seeker = self.client().await?;
            let met = match self.begin(&mut seeker).await {
                Ok(found) => found == session,
                // No more sessions: those that there are belong to others.
                Err(ServerError::Pooler(PoolerError::Busy { .. })) => break,
                Err(error) => return Err(error),
            };
            if met {
                self.meet(client, &mut seeker).await?;
                return Ok(Seen::Safe);
            }
            seekers.push(seeker);
        }
        let moved = self.begin(client).await? != session;
        self.prepared(client, OWN).await?;
        self.end(client).await?;
        Ok(if moved { Seen::Missed } else { Seen::Apart })
    }

    /// `seeker` has a transaction open in the session in which `client` has prepared a statement.
    async fn meet(&self, client: &mut PgConnection, seeker: &mut PgConnection) -> Result<(), ServerError> {
        self.asked(seeker, "set local casemate.probe = 'seeker'").await?;
        self.prepared(seeker, OTHER).await?;
        // The client finds no trace of the open transaction, and its statement, in whichever session it gets. If the
        // pooler has only this one, it waits; then there is nothing more that could be mixed up.
        let elsewhere = async {
            let setting = wire::simple(client, "select current_setting('casemate.probe', true)".to_owned()).await;
            match setting {
                Ok(found) if found.first().is_some_and(|value| value.as_deref() == Some("seeker")) => {
                    Err(PoolerError::Shared { login: self.login() }.into())
                }
                Ok(_) => self.prepared(client, OWN).await,
                Err(error) => Err(self.broke(error)),
            }
        };
        if let Ok(done) = timeout(STEP, elsewhere).await {
            done?;
        }
        self.prepared(seeker, OTHER).await?;
        self.end(seeker).await
    }

    /// Opens a transaction, and says in which session: the server's process.
    async fn begin(&self, conn: &mut PgConnection) -> Result<String, ServerError> {
        let torn = |source| ServerError::from(PoolerError::Statements { login: self.login(), source });
        match timeout(STEP, wire::simple(conn, "begin".to_owned())).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if sqlstate(&error).is_some() => return Err(torn(Some(error))),
            Ok(Err(error)) => return Err(self.broke(error)),
            Err(_) => return Err(self.busy()),
        }
        let first = self.asked(conn, "select pg_backend_pid()").await?;
        let second = self.asked(conn, "select pg_backend_pid()").await?;
        first.filter(|pid| second.as_ref() == Some(pid)).ok_or_else(|| torn(None))
    }

    async fn end(&self, conn: &mut PgConnection) -> Result<(), ServerError> {
        self.asked(conn, "commit").await.map(drop)
    }

    /// One statement; the first cell of its first row.
    async fn asked(&self, conn: &mut PgConnection, statement: &str) -> Result<Option<String>, ServerError> {
        match timeout(STEP, wire::simple(conn, statement.to_owned())).await {
            Ok(Ok(rows)) => Ok(rows.into_iter().next().flatten()),
            Ok(Err(error)) => Err(self.broke(error)),
            Err(_) => Err(self.busy()),
        }
    }

    /// A statement that is prepared by name the first time, and used by its name from then on.
    fn prepared<'c>(
        &'c self,
        conn: &'c mut PgConnection,
        (statement, answer): (&'static str, &'static str),
    ) -> BoxFuture<'c, Result<(), ServerError>> {
        let wrong = |source| ServerError::from(PoolerError::Prepared { login: self.login(), source });
        Box::pin(async move {
            match timeout(STEP, sqlx::query_scalar::<_, String>(statement).fetch_one(conn)).await {
                Ok(Ok(found)) if found == answer => Ok(()),
                Ok(Ok(_)) => Err(wrong(None)),
                Ok(Err(error)) if sqlstate(&error).is_some() => Err(wrong(Some(error))),
                Ok(Err(error)) => Err(self.broke(error)),
                Err(_) => Err(self.busy()),
            }
        })
    }

    fn broke(&self, source: sqlx::Error) -> ServerError {
        ServerError::Refused { login: self.login(), address: self.address.to_string(), source }
    }
}
