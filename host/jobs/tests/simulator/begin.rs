//! How a host takes a run over: the ledger is brought in line with the journal, and the call that was left open is
//! settled, both as `recovery` has it.

use casemate_jobs::recovery::{CallAction, Class, Found, LedgerAction, action};
use casemate_jobs::{Call, Command, Entry};

use crate::broken::Broken;
use crate::model::{Line, Logged, Process, Row, Stage, Step, Task, terms};
use crate::task::line;
use crate::world::World;

impl World {
    pub(crate) fn begin(&mut self, process: Process, row: Row) {
        let (run, epoch) = (row.id, row.job.epoch);
        if !self.is(Broken::LedgerUnreconciled) {
            self.reconcile(run, epoch);
        }
        let outcomes = self.db.journal[run].iter().filter(|line| line.entry == Entry::Outcome).count() as u64;
        let mut task = Task {
            run,
            tenant: row.tenant,
            epoch,
            job: row.job,
            program: row.program,
            seq: outcomes,
            pending: Vec::new(),
            granted: row.grant.map_or(0, |(_, granted)| granted),
            used: 0,
            token: 0,
            stage: Stage::Begin,
            sent: 0,
        };
        task.job.ending = self.ending(&task.job);
        let open = self.db.journal[run].iter().rev();
        let open = open.copied().find(|line| line.entry == Entry::Intent && line.call.seq == outcomes);
        match (open, task.program.steps.get(outcomes as usize)) {
            (Some(open), Some(Step::Call(class, _))) => {
                let class = *class;
                self.settle_call(process, task, open, class);
            }
            _ => self.advance(process, task),
        }
    }

    fn settle_call(&mut self, process: Process, mut task: Task, open: Line, class: Class) {
        let mut resolution = task.job.resolution(open.call);
        if self.is(Broken::AnswerUnbound) {
            resolution = task.job.unsettled.and_then(|unsettled| unsettled.resolution);
        }
        let found = Found {
            in_journal: true,
            in_ledger: true,
            is_late: false,
            has_outcome: false,
            class: if self.is(Broken::OtherRepeated) && class == Class::Other { Class::Idempotent } else { class },
            is_quiet: task.job.is_quiet(terms().settle_ms(), self.now) || self.is(Broken::QuietUnchecked),
            resolution,
        };
        let epoch = task.epoch;
        match action(&found).call {
            CallAction::Wait => self.settle_later(process, task),
            CallAction::Park => {
                let command = Command::Indeterminate { epoch, call: open.call };
                task.pending.clear();
                self.leave_now(process, task, command);
            }
            CallAction::AppendResolved => {
                let outcome = line(task.seq, epoch, Entry::Outcome, 0);
                self.append_now(process, task, outcome);
            }
            CallAction::AskStatus if task.job.ending.is_none() => {
                task.stage = Stage::Status;
                task.token = self.send_effect(process, &task, true);
                self.keep(process, task);
            }
            // Made or sent again under an intent of this claim: it proves that the claim holds. An end makes none.
            _ => self.advance(process, task),
        }
    }

    /// What the journal has and the ledger lacks is appended late; what only the ledger has is void.
    fn reconcile(&mut self, run: usize, epoch: u64) {
        let mark = Logged { call: Call { seq: 0, epoch }, entry: None, is_void: false };
        if !self.is(Broken::TakeoverUnmarked) {
            self.ledger_of(run).push(mark);
        }
        let journal = self.db.journal[run].clone();
        let ledger = self.ledger_of(run).clone();
        for (index, logged) in ledger.iter().enumerate() {
            let Some(entry) = logged.entry else { continue };
            let in_journal = journal.iter().any(|line| line.call == logged.call && line.entry == entry);
            let is_late = ledger.iter().take(index).any(|before| before.call.epoch > logged.call.epoch);
            if !logged.is_void && self.ledger_action(in_journal, true, is_late) == LedgerAction::Void {
                self.ledger[run][index].is_void = true;
            }
        }
        for line in journal {
            let in_ledger = ledger.iter().any(|logged| logged.call == line.call && logged.entry == Some(line.entry));
            if self.ledger_action(true, in_ledger, false) == LedgerAction::AppendLate {
                self.append_to_ledger(run, &[line]);
            }
        }
    }

    fn ledger_action(&self, in_journal: bool, in_ledger: bool, is_late: bool) -> LedgerAction {
        let (has_outcome, is_quiet) = (false, true);
        let class = Class::Pure;
        action(&Found { in_journal, in_ledger, is_late, has_outcome, class, is_quiet, resolution: None }).ledger
    }

    pub(crate) fn ledger_of(&mut self, run: usize) -> &mut Vec<Logged> {
        if self.ledger.len() <= run {
            self.ledger.resize(run + 1, Vec::new());
        }
        &mut self.ledger[run]
    }

    pub(crate) fn append_to_ledger(&mut self, run: usize, lines: &[Line]) {
        let entries = lines.iter().map(|line| Logged { call: line.call, entry: Some(line.entry), is_void: false });
        self.ledger_of(run).extend(entries);
    }

    pub(crate) fn declare_void(&mut self, run: usize, lines: &[Line]) {
        for logged in self.ledger_of(run) {
            if lines.iter().any(|line| line.call == logged.call && Some(line.entry) == logged.entry) {
                logged.is_void = true;
            }
        }
    }
}
