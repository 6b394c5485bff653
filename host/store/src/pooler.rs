//! Whether something stands between the host and Postgres that shares sessions between its clients, and whether it does
//! so safely: found out by what it does, not by what it calls itself. A client marks its session, and either has it to
//! itself or finds the mark gone, or somebody else finds it; where sessions are shared, what the client has prepared
//! must follow it and be taken for nobody else's. It doesn't know any pooler's name or version.

mod error;
mod session;

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{PgConnection, Row as _};
use tokio::time::timeout;

use crate::error::sqlstate;
use crate::external::{Address, ServerError, connect};
use crate::wire;
pub use error::PoolerError;
pub(crate) use session::{Session, has_its_settings, look};

/// How often a client looks after its session. A busy pooler may give it back by chance.
const ROUNDS: usize = 4;
/// How many others look for it in a round: a pooler may hand out its sessions in turn.
const SEEKERS: usize = 3;
/// How long a pooler may take to find a session for a client.
const STEP: Duration = Duration::from_secs(4);
/// How long a client waits for a session beside the one that is held; a pooler that has only one gives it none.
const BESIDE: Duration = Duration::from_secs(1);
/// Room for the statements that sqlx prepares by name. The first of every client has the same name.
const STATEMENTS: usize = 8;

/// One login at one address.
struct Probe<'a> {
    address: &'a Address,
    options: PgConnectOptions,
    /// Of this probe alone: what an earlier one has left in a session is nobody's.
    mark: String,
}

/// Whether sessions are shared between clients of this login. It calls no function that agents' SQL may not call, since
/// one of the logins is theirs.
///
/// # Errors
/// [`PoolerError`]: how it isn't safe.
pub(crate) async fn is_pooled(address: &Address, options: &PgConnectOptions) -> Result<bool, ServerError> {
    let mark = uuid::Uuid::new_v4().simple().to_string();
    let probe = Probe { address, options: options.clone().statement_cache_capacity(STATEMENTS), mark };
    let mut client = probe.client().await?;
    let mut seekers = Vec::with_capacity(SEEKERS);
    for _ in 0..ROUNDS {
        if probe.round(&mut client, &mut seekers).await? {
            return Ok(true);
        }
    }
    Ok(false)
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

    /// Whether the client's session was anybody else's; if so, it was safe.
    async fn round(&self, client: &mut PgConnection, seekers: &mut Vec<PgConnection>) -> Result<bool, ServerError> {
        // The mark is the session's, and stays there when the transaction ends.
        self.begin(client).await?;
        self.asked(client, &format!("set casemate.mark = '{}'", self.mark)).await?;
        self.prepared(client, "own").await?;
        self.end(client).await?;
        // Each keeps its session until all have one, so that no two have the same.
        let mut waiting = std::mem::take(seekers);
        while seekers.len() < SEEKERS {
            let mut seeker = match waiting.pop() {
                Some(waiting) => waiting,
                None => self.client().await?,
            };
            match self.begin(&mut seeker).await {
                Ok(()) => {}
                // No more sessions than these: one is given back, for the client.
                Err(ServerError::Pooler(PoolerError::Busy { .. })) => {
                    if let Some(mut last) = seekers.pop() {
                        self.end(&mut last).await?;
                    }
                    break;
                }
                Err(error) => return Err(error),
            }
            if self.is_marked(&mut seeker).await? {
                self.meet(client, &mut seeker).await?;
                return Ok(true);
            }
            seekers.push(seeker);
        }
        self.begin(client).await?;
        let is_own = self.is_marked(client).await?;
        // In a session in which it was never prepared, or from which it was cleaned away, it still is what it was.
        self.prepared(client, "own").await?;
        self.end(client).await?;
        for seeker in seekers {
            self.end(seeker).await?;
        }
        Ok(!is_own)
    }

    /// `seeker` has a transaction open in the session in which `client` has prepared a statement.
    async fn meet(&self, client: &mut PgConnection, seeker: &mut PgConnection) -> Result<(), ServerError> {
        self.asked(seeker, "set casemate.mark = ''").await?;
        self.asked(seeker, &format!("set local casemate.held = '{}'", self.mark)).await?;
        self.prepared(seeker, "other").await?;
        // The client finds no trace of the open transaction, and its statement, in whichever session it gets. If the
        // pooler has only this one, it waits; then there is nothing more that could be mixed up.
        let beside = async {
            let held = wire::simple(client, "select current_setting('casemate.held', true)".to_owned()).await;
            match held.map_err(|error| self.broke(error))?.pop().flatten() {
                Some(held) if held == self.mark => Err(PoolerError::Shared { login: self.login() }.into()),
                _ => self.prepared(client, "own").await,
            }
        };
        if let Ok(done) = timeout(BESIDE, beside).await {
            done?;
        }
        self.prepared(seeker, "other").await?;
        self.end(seeker).await
    }

    async fn is_marked(&self, conn: &mut PgConnection) -> Result<bool, ServerError> {
        let found = self.asked(conn, "select current_setting('casemate.mark', true)").await?;
        Ok(found.as_ref() == Some(&self.mark))
    }

    /// Opens a transaction, and sees that the next message is still in it.
    async fn begin(&self, conn: &mut PgConnection) -> Result<(), ServerError> {
        let torn = |source| ServerError::from(PoolerError::Statements { login: self.login(), source });
        match timeout(STEP, wire::simple(conn, "begin".to_owned())).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if sqlstate(&error).is_some() => return Err(torn(Some(error))),
            Ok(Err(error)) => return Err(self.broke(error)),
            Err(_) => return Err(self.busy()),
        }
        self.asked(conn, "set local casemate.together = 'yes'").await?;
        let found = self.asked(conn, "select current_setting('casemate.together', true)").await?;
        if found.as_deref() == Some("yes") { Ok(()) } else { Err(torn(None)) }
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

    /// A statement that answers with its own words. It is prepared by name the first time, and used by its name from then
    /// on.
    async fn prepared(&self, conn: &mut PgConnection, word: &str) -> Result<(), ServerError> {
        let wrong = |source| ServerError::from(PoolerError::Prepared { login: self.login(), source });
        let answer = format!("{word} {}", self.mark);
        let asked = wire::query(format!("select {}::text", wire::literal(&answer))).fetch_one(conn);
        match timeout(STEP, asked).await {
            Ok(Ok(row)) if row.try_get::<String, _>(0).is_ok_and(|found| found == answer) => Ok(()),
            Ok(Ok(_)) => Err(wrong(None)),
            Ok(Err(error)) if sqlstate(&error).is_some() => Err(wrong(Some(error))),
            Ok(Err(error)) => Err(self.broke(error)),
            Err(_) => Err(self.busy()),
        }
    }

    fn broke(&self, source: sqlx::Error) -> ServerError {
        ServerError::Refused { login: self.login(), address: self.address.to_string(), source }
    }
}
