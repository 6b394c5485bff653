//! The database's side of each request, and the sweep that goes with polling.

use casemate_jobs::escrow::grant_size;
use casemate_jobs::{Cause, Command, State};

use crate::broken::Broken;
use crate::model::{HOSTS, Line, Op, Process, Reply, ends, terms};
use crate::world::World;

/// What a run is expected to use.
const EXPECTED: u64 = 6;

impl World {
    pub(crate) fn serve(&mut self, from: Process, token: u64, op: Op) {
        let reply = match op {
            Op::Heartbeat { sent } => {
                self.db.renewed.insert(from.id, self.now);
                let held = self.db.rows.iter().filter(|row| row.host == from.id && row.job.state == State::Running);
                Reply::Heartbeat { sent, held: held.map(|row| (row.id, row.job.epoch)).collect() }
            }
            Op::Poll => self.poll(from),
            Op::Claim { tenant, most } => self.serve_claim(from, tenant, most),
            Op::Append { run, epoch, lines, commits } => match self.db.append(run, epoch, &lines, self.now) {
                Ok(()) => {
                    if commits {
                        let seq = lines.last().map_or(0, |line| line.call.seq);
                        self.takes_place(run, seq);
                    }
                    Reply::Done
                }
                Err(refused) => Reply::Refused(refused),
            },
            Op::Leave { run, epoch, lines, command, event } => self.leave(run, epoch, &lines, command, event),
            Op::TopUp { run, epoch, want } => self.top_up(run, epoch, want),
            Op::Effect { run, seq } => {
                self.takes_place(run, seq);
                Reply::Done
            }
            Op::Birth { run, next } => {
                let row = self.db.rows[run].clone();
                if self.db.last(row.number) == run {
                    self.db.insert(row.number, row.tenant, next, row.program);
                }
                Reply::Done
            }
        };
        self.answer(from, token, reply);
    }

    fn poll(&mut self, from: Process) -> Reply {
        let now = self.now;
        let is_over = |db: &crate::database::Database, host: u64| {
            db.renewed.get(&host).is_none_or(|renewed| terms().is_over(*renewed, now))
        };
        let is_swept = !self.is(Broken::LossUnswept);
        for run in 0..self.db.rows.len() {
            let row = &self.db.rows[run];
            if row.job.state == State::Running && is_swept && is_over(&self.db, row.host) {
                let epoch = row.job.epoch;
                _ = self.db.transact(run, Command::Lose { epoch }, now);
            }
        }
        let due: Vec<usize> = self.db.queue.iter().filter(|(_, due)| **due <= now).map(|(run, _)| *run).collect();
        let mut ready = Vec::new();
        for run in due {
            let job = self.db.rows[run].job;
            match job.state {
                State::Ready if job.not_before_ms <= now => {
                    ready.push(self.db.rows[run].tenant);
                    if self.is(Broken::HintPopped) {
                        self.db.queue.remove(&run);
                        self.popped.push((from.id, run));
                    }
                }
                State::Waiting if !job.is_late(now) || self.is(Broken::DeadlineIgnored) => {
                    _ = self.db.transact(run, Command::Wake(Cause::Time), now)
                }
                _ => _ = self.db.transact(run, Command::Expire, now),
            }
        }
        Reply::Ready(ready)
    }

    fn serve_claim(&mut self, from: Process, tenant: usize, most: u32) -> Reply {
        let now = self.now;
        let any_state = self.is(Broken::ClaimAnyState);
        let mut due: Vec<usize> = self.db.queue.iter().filter(|(_, due)| **due <= now).map(|(run, _)| *run).collect();
        if any_state {
            due = (0..self.db.rows.len()).collect();
        }
        if self.is(Broken::HintPopped) {
            due = self.popped.iter().filter(|(of, _)| *of == from.id).map(|(_, run)| *run).collect();
        }
        let mut rows = Vec::new();
        for run in due {
            if self.db.rows[run].tenant != tenant || rows.len() as u32 == most {
                continue;
            }
            if self.db.transact(run, Command::Claim, now).is_ok() {
                let epoch = self.db.rows[run].job.epoch;
                let room = self.db.accounts[tenant].room();
                self.db.reserve(run, epoch, grant_size(EXPECTED, room, HOSTS as u32), 1);
                self.db.rows[run].host = from.id;
                self.popped.retain(|(_, popped)| *popped != run);
                rows.push(self.db.rows[run].clone());
            }
        }
        Reply::Claimed { tenant, most, rows }
    }

    /// The last of a claim: what is still to be journaled and the new state, in one transaction.
    fn leave(&mut self, run: usize, epoch: u64, lines: &[Line], command: Command, event: Option<u32>) -> Reply {
        let command = match command {
            Command::Park { epoch, wake, happened } => {
                let now = event.is_some_and(|event| self.db.events.contains(&event));
                let happened = if self.is(Broken::WakeRaces) { happened } else { now };
                Command::Park { epoch, wake, happened }
            }
            command => command,
        };
        let unfenced = self.is(Broken::FinishUnfenced) && ends(&command);
        if let Err(refused) = self.db.rows[run].job.apply(command, self.now)
            && !unfenced
            && !self.is(Broken::DeadlineIgnored)
        {
            return Reply::Refused(refused);
        }
        if unfenced {
            self.db.journal[run].extend_from_slice(lines);
        } else if let Err(refused) = self.db.append(run, epoch, lines, self.now) {
            return Reply::Refused(refused);
        }
        match self.db.transact(run, command, self.now) {
            Ok(transition) => match transition.next {
                Some(next) if self.is(Broken::RetryApart) => Reply::Failed(next),
                _ => Reply::Done,
            },
            Err(refused) => Reply::Refused(refused),
        }
    }

    fn top_up(&mut self, run: usize, epoch: u64, want: u64) -> Reply {
        if !self.is(Broken::TopUpUnfenced)
            && let Err(refused) = self.db.rows[run].job.held(epoch)
        {
            return Reply::Refused(refused);
        }
        match self.db.reserve(run, epoch, want.max(EXPECTED), want) {
            Some(granted) => Reply::Granted(granted),
            None => {
                let row = &self.db.rows[run];
                let account = self.db.accounts[row.tenant];
                let own = row.grant.map_or(0, |(_, granted)| granted);
                Reply::NoBudget { for_good: account.reserved == own }
            }
        }
    }
}
