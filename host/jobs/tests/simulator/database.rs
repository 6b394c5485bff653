//! A database whose transactions are atomic: every request happens at one instant or not at all, though its answer may
//! be lost. Jobs change by `Job::apply` alone. What it writes is checked as it is written.

use std::collections::{BTreeMap, BTreeSet};

use casemate_jobs::escrow::Account;
use casemate_jobs::{Cause, Command, Entry, Job, Refused, State, Transition};
use uuid::Uuid;

use crate::broken::Broken;
use crate::model::{Line, Program, Row, TENANTS, ends};

#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) rows: Vec<Row>,
    /// Runs of a job, in the order of their attempts.
    pub(crate) jobs: Vec<Vec<usize>>,
    pub(crate) journal: Vec<Vec<Line>>,
    pub(crate) queue: BTreeMap<usize, u64>,
    pub(crate) keys: BTreeMap<usize, Vec<usize>>,
    pub(crate) renewed: BTreeMap<u64, u64>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) events: BTreeSet<u32>,
    /// Highest epoch that a run was claimed under or fenced with.
    pub(crate) highest: Vec<u64>,
    /// When a run was cancelled or paused and not let go on.
    pub(crate) held_back: Vec<Option<u64>>,
    /// Attempts that were promised a next one.
    pub(crate) promised: BTreeSet<usize>,
    pub(crate) violation: Option<(&'static str, String)>,
    pub(crate) broken: Option<Broken>,
}

pub(crate) fn event_id(event: u32) -> Uuid {
    Uuid::from_u128(u128::from(event))
}

impl Database {
    pub(crate) fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    pub(crate) fn violated(&mut self, invariant: &'static str, what: String) {
        if self.violation.is_none() {
            self.violation = Some((invariant, what));
        }
    }

    pub(crate) fn insert(&mut self, number: usize, tenant: usize, job: Job, program: std::rc::Rc<Program>) -> usize {
        let id = self.rows.len();
        self.queue.insert(id, job.due_ms().unwrap_or(u64::MAX));
        self.rows.push(Row { id, number, tenant, job, host: 0, grant: None, program });
        self.journal.push(Vec::new());
        self.highest.push(0);
        self.held_back.push(None);
        if self.jobs.len() <= number {
            self.jobs.resize(number + 1, Vec::new());
        }
        self.jobs[number].push(id);
        id
    }

    /// The last attempt at a job.
    pub(crate) fn last(&self, number: usize) -> usize {
        *self.jobs[number].last().unwrap()
    }

    /// One command in one transaction: row, queue, next attempt and settlement.
    pub(crate) fn transact(&mut self, run: usize, command: Command, now: u64) -> Result<Transition, Refused> {
        let before = self.rows[run].job;
        let transition = self.decide(run, command, now)?;
        let after = transition.job;
        if before.state.is_end() && after != before {
            self.violated("J1", format!("run {run} left its end {before:?} for {after:?}"));
        }
        if matches!(command, Command::Retry { .. } | Command::Fail { .. })
            && let Some(next) = transition.next
        {
            let (number, tenant, program) =
                (self.rows[run].number, self.rows[run].tenant, self.rows[run].program.clone());
            self.promised.insert(run);
            // (job, attempt) is unique.
            if !(self.is(Broken::RetryApart) && ends(&command)) && self.last(number) == run {
                self.insert(number, tenant, next, program);
            }
        }
        self.rows[run].job = after;
        self.highest[run] = self.highest[run].max(after.epoch);
        match after.due_ms() {
            Some(due) => self.queue.insert(run, due),
            None => self.queue.remove(&run),
        };
        if let Some(epoch) = transition.settle {
            self.settle(run, epoch, command);
        }
        match command {
            Command::Cancel | Command::Pause => _ = self.held_back[run].get_or_insert(now),
            Command::Unpause => self.held_back[run] = None,
            _ => {}
        }
        self.balanced();
        Ok(transition)
    }

    fn decide(&mut self, run: usize, command: Command, now: u64) -> Result<Transition, Refused> {
        let mut job = self.rows[run].job;
        if self.is(Broken::DeadlineIgnored) {
            job.deadline_ms = None;
        }
        let held = |epoch: u64| Job { state: State::Running, epoch, ending: None, ..job };
        let mut transition = match (self.broken, command) {
            (Some(Broken::ClaimAnyState), Command::Claim) if job.state == State::Running => {
                Job { state: State::Ready, ..job }.apply(command, now)?
            }
            (Some(Broken::ClaimKeepsEpoch), Command::Claim) if job.epoch > 0 => {
                let mut claimed = job.apply(command, now)?;
                claimed.job.epoch = job.epoch;
                claimed
            }
            (Some(Broken::AppendUnchecked), Command::Append { epoch, .. }) => {
                Transition { job, ..held(epoch).apply(command, now)? }
            }
            (Some(Broken::FinishUnfenced), Command::Finish { epoch, .. } | Command::Fail { epoch, .. }) => {
                held(epoch).apply(command, now)?
            }
            (Some(Broken::WakeForgotten), Command::Wake(_)) if job.state == State::Paused => {
                return Err(Refused::NotWaiting);
            }
            _ => job.apply(command, now)?,
        };
        transition.job.deadline_ms = self.rows[run].job.deadline_ms;
        Ok(transition)
    }

    fn settle(&mut self, run: usize, epoch: u64, command: Command) {
        if self.is(Broken::CrashUnsettled) && matches!(command, Command::Lose { .. }) {
            self.rows[run].grant = None;
            return;
        }
        let Some((_, granted)) = self.rows[run].grant.take() else { return };
        let under = self.journal[run].iter().filter(|line| line.call.epoch == epoch);
        let spent: u64 = under.map(|line| line.cost).sum();
        let account = &mut self.accounts[self.rows[run].tenant];
        let settled = account.settle_after_crash(granted, spent, 0);
        if self.broken == Some(Broken::RefundTwice) {
            _ = account.settle_after_crash(granted, spent, 0);
        }
        if let Err(error) = settled {
            self.violated("J5", format!("run {run}: {error}"));
        }
    }

    /// Reserves for a run under its claim.
    pub(crate) fn reserve(&mut self, run: usize, epoch: u64, want: u64, least: u64) -> Option<u64> {
        let is_blind = self.is(Broken::ReserveUnchecked);
        let account = &mut self.accounts[self.rows[run].tenant];
        let reserved = account.reserved;
        if is_blind {
            account.reserved = 0;
        }
        let before = self.rows[run].grant.filter(|(of, _)| *of == epoch).map_or(0, |(_, granted)| granted);
        let granted = account.top_up(before, want, least);
        if is_blind {
            account.reserved += reserved;
        }
        self.balanced();
        let granted = granted?;
        self.rows[run].grant = Some((epoch, granted));
        Some(granted)
    }

    fn balanced(&mut self) {
        for tenant in 0..TENANTS {
            let account = self.accounts[tenant];
            if account.limit.is_some_and(|limit| account.spent + account.reserved > limit) {
                self.violated("J5", format!("tenant {tenant}: {account:?}"));
            }
        }
    }

    /// Appends under an epoch, all or nothing.
    pub(crate) fn append(&mut self, run: usize, epoch: u64, lines: &[Line], now: u64) -> Result<(), Refused> {
        for line in lines {
            self.decide(run, Command::Append { epoch, entry: line.entry }, now)?;
        }
        for line in lines {
            self.check(run, line, now);
            self.journal[run].push(*line);
        }
        Ok(())
    }

    fn check(&mut self, run: usize, line: &Line, now: u64) {
        let is_dead = |deadline: u64| now > deadline && line.entry == Entry::Intent;
        let journal = &self.journal[run];
        let outcomes = journal.iter().filter(|other| other.entry == Entry::Outcome).count() as u64;
        let wrong = if line.call.epoch < self.highest[run] {
            Some("J3")
        } else if self.rows[run].job.deadline_ms.is_some_and(is_dead) {
            Some("deadline")
        } else if journal.iter().any(|other| other.call == line.call && other.entry == line.entry) {
            Some("J2")
        } else if line.entry != Entry::End && outcomes != line.call.seq {
            // One outcome for each call, and no call before the last one's.
            Some("J2")
        } else if line.entry == Entry::Intent && self.held_back[run].is_some() {
            Some("J8")
        } else {
            None
        };
        if let Some(invariant) = wrong {
            self.violated(invariant, format!("run {run}: {line:?} at {now}, {:?}", self.rows[run].job));
        }
    }

    /// An event happens: a fact, and whoever waits for it goes on, in one transaction.
    pub(crate) fn happens(&mut self, event: u32, now: u64) {
        self.events.insert(event);
        for run in 0..self.rows.len() {
            _ = self.transact(run, Command::Wake(Cause::Event(event_id(event))), now);
        }
    }
}
