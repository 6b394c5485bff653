//! What a run has open between its calls: transactions, and queries read in pieces, by the number of the call that
//! opened them. Nothing of it outlives the run's stay in memory: a run that waits, or whose host died, finds it lost when
//! it goes on. It doesn't know what is done with them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use casemate_abi::{Code, limits};
use casemate_gate::{Refusal, Reply, Seq};
use casemate_store::{Cursor, TenantTx};

/// How long anything may be open.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// See the file's head.
#[derive(Debug, Default)]
pub struct Open(BTreeMap<u64, (Instant, Opened)>);

#[derive(Debug)]
enum Opened {
    Transaction(Box<TenantTx>),
    Cursor(Cursor),
}

impl Open {
    /// Whether the run may open one more.
    pub(super) fn has_room(&self) -> Result<(), Refusal> {
        if self.0.len() < limits::SQL_OPEN {
            return Ok(());
        }
        let message = format!("the run has {} transactions and queries open", limits::SQL_OPEN);
        Err(Refusal::new(Code::RowsOpen, message))
    }

    pub(super) fn transaction(&mut self, seq: Seq, transaction: TenantTx) -> Reply {
        self.keep(seq, Opened::Transaction(Box::new(transaction)))
    }

    pub(super) fn cursor(&mut self, seq: Seq, cursor: Cursor) -> Reply {
        self.keep(seq, Opened::Cursor(cursor))
    }

    fn keep(&mut self, seq: Seq, opened: Opened) -> Reply {
        self.0.insert(seq.get(), (Instant::now(), opened));
        Reply::Opened(seq)
    }

    pub(super) fn transaction_of(&mut self, opened: Seq) -> Result<&mut TenantTx, Refusal> {
        match self.0.get_mut(&opened.get()) {
            Some((_, Opened::Transaction(transaction))) => Ok(transaction),
            _ => Err(lost("transaction", opened)),
        }
    }

    pub(super) fn cursor_of(&mut self, opened: Seq) -> Result<&mut Cursor, Refusal> {
        match self.0.get_mut(&opened.get()) {
            Some((_, Opened::Cursor(cursor))) => Ok(cursor),
            _ => Err(lost("query", opened)),
        }
    }

    pub(super) fn take_transaction(&mut self, opened: Seq) -> Result<Box<TenantTx>, Refusal> {
        match self.0.remove(&opened.get()) {
            Some((_, Opened::Transaction(transaction))) => Ok(transaction),
            _ => Err(lost("transaction", opened)),
        }
    }

    /// Ends what has been open for too long: a guest that computes meanwhile holds connections that others wait for.
    pub fn expire(&mut self) {
        self.0.retain(|_, (since, _)| since.elapsed() < LONGEST);
    }

    /// Ends what was opened, if it is still there: Postgres rolls back.
    pub fn close(&mut self, opened: Seq) {
        self.0.remove(&opened.get());
    }
}

fn lost(what: &str, opened: Seq) -> Refusal {
    Refusal::new(Code::RowsTransactionLost, format!("the {what} of call {opened} is not open any more"))
}
