//! What has to be true when everything that went wrong is over.

use casemate_jobs::recovery::Class;
use casemate_jobs::{Entry, State};

use crate::model::{Step, TENANTS};
use crate::world::World;

type Verdict = Result<(), (&'static str, String)>;

fn that(holds: bool, invariant: &'static str, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err((invariant, what())) }
}

impl World {
    pub(crate) fn verify(&self) -> Verdict {
        for (client, numbers) in &self.db.keys {
            that(numbers.len() == 1, "key", || format!("client {client} has jobs {numbers:?}"))?;
        }
        for (client, submission) in self.submissions.iter().enumerate() {
            that(submission.acknowledged.is_some(), "J1", || format!("client {client} has no answer"))?;
        }
        for run in 0..self.db.rows.len() {
            self.ended(run)?;
            self.calls(run)?;
            self.logged_all(run)?;
        }
        self.accounts()
    }

    fn ended(&self, run: usize) -> Verdict {
        let job = &self.db.rows[run].job;
        let woken = job.wake.and_then(|wake| wake.event);
        let is_lost = job.state == State::Waiting
            && woken.is_some_and(|id| self.db.events.iter().any(|event| crate::database::event_id(*event) == id));
        that(!is_lost, "J9", || format!("run {run} waits for what has happened: {job:?}"))?;
        that(job.state.is_end(), "J1", || {
            format!("run {run} has not ended: {job:?}, hint {:?}", self.db.queue.get(&run))
        })?;
        let has_next = self.db.jobs[self.db.rows[run].number].iter().any(|other| *other > run);
        that(!self.db.promised.contains(&run) || has_next, "J1", || format!("run {run} has no next attempt"))?;
        let ends = self.db.journal[run].iter().filter(|line| line.entry == Entry::End).count();
        that(ends == 1, "J1", || format!("run {run} has {ends} ends: {job:?}"))
    }

    /// Every outcome is of something that took place, and what is done did all of it.
    fn calls(&self, run: usize) -> Verdict {
        let row = &self.db.rows[run];
        let outcomes: Vec<_> = self.db.journal[run].iter().filter(|line| line.entry == Entry::Outcome).collect();
        for outcome in &outcomes {
            let seq = outcome.call.seq;
            if let Some(Step::Call(class, _)) = row.program.steps.get(seq as usize)
                && *class != Class::Pure
            {
                let count = self.effects.get(&(run, seq)).copied().unwrap_or(0);
                that(count == 1, "J4", || format!("call {seq} of run {run} took place {count} times"))?;
            }
        }
        let is_whole = row.job.state != State::Done || outcomes.len() == row.program.steps.len();
        that(is_whole, "J2", || format!("run {run} is done after {} outcomes", outcomes.len()))
    }

    /// The ledger has what the journal has; what only it has is void, or stands behind a later claim.
    fn logged_all(&self, run: usize) -> Verdict {
        let none = Vec::new();
        let (journal, ledger) = (&self.db.journal[run], self.ledger.get(run).unwrap_or(&none));
        for line in journal {
            let is_there =
                |logged: &&crate::model::Logged| logged.call == line.call && logged.entry == Some(line.entry);
            that(ledger.iter().any(|logged| is_there(&logged)), "ledger", || format!("run {run} lacks {line:?}"))?;
        }
        for (index, logged) in ledger.iter().enumerate() {
            let is_there = journal.iter().any(|line| line.call == logged.call && Some(line.entry) == logged.entry);
            let is_late = ledger.iter().take(index).any(|before| before.call.epoch > logged.call.epoch);
            let is_fine = logged.entry.is_none() || is_there || logged.is_void || is_late;
            that(is_fine, "ledger", || format!("run {run}: only the ledger has {logged:?}, in {ledger:?}"))?;
        }
        Ok(())
    }

    fn accounts(&self) -> Verdict {
        for tenant in 0..TENANTS {
            let account = self.db.accounts[tenant];
            let rows = self.db.rows.iter().filter(|row| row.tenant == tenant);
            let journaled: u64 = rows.flat_map(|row| &self.db.journal[row.id]).map(|line| line.cost).sum();
            let is_settled = account.reserved == 0 && account.spent == journaled;
            that(is_settled, "J5", || format!("tenant {tenant}: {account:?}, {journaled} journaled"))?;
        }
        Ok(())
    }
}
