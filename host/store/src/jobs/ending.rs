//! The last step of a run: its end in the journal, its state, and the job's next attempt where there is one, in one
//! transaction and one round trip. It doesn't know why the run ended.

use casemate_gate::job::Ending;
use casemate_gate::journal::{JournalError, Row};
use casemate_gate::rls::Scope;

use super::submit;
use crate::escrow::settlement;
use crate::journal::{self, Append};
use crate::runs::LIMIT;
use crate::session::{Access, Db, Door};
use crate::wire;

impl Db {
    /// Ends a run whose last rows these are, together or not at all.
    ///
    /// # Errors
    /// [`JournalError::Fenced`]; [`JournalError::Unavailable`], also when it is not known: then the run has to be claimed anew.
    pub async fn end_run(&self, scope: &Scope, rows: Vec<Row>, ending: Ending) -> Result<(), JournalError> {
        let first = rows.first().ok_or_else(|| journal::unavailable("an end needs a row"))?;
        let (run, epoch) = (first.run, first.epoch);
        let append = Append::new(self.keyring(), scope, &rows)?;
        let open = crate::session::opening(self, scope, Access::Write, Door::Records, LIMIT);
        let next = ending
            .next
            .map_or_else(String::new, |next| format!("; {}", submit::statement(self.keyring(), scope, &next)));
        let settled = ending.spent.map_or_else(String::new, |spent| format!("; {}", settlement(run, epoch, &spent)));
        let message = format!(
            "{}; {}; UPDATE casemate.runs SET state = '{}', reason = {}, finished_at = now(), host = NULL, lost_by = NULL \
             WHERE id = '{run}' AND epoch = {epoch} AND state = 'running'{next}{settled}; COMMIT",
            open.map_err(journal::unavailable)?,
            append.statement(),
            ending.state.name(),
            ending.reason,
        );
        let db = self.clone();
        let done = self.on_host(tokio::time::timeout(LIMIT, async move {
            let mut lease = db.lease(Door::Records).await.map_err(journal::unavailable)?;
            wire::simple(lease.get(), message).await.map_err(journal::refused)?;
            lease.clean();
            Ok(())
        }));
        done.await.map_err(journal::unavailable)?.map_err(journal::unavailable)?
    }
}
