//! How a host carries a run on, one answer after the other: ledger, journal, effect, outcome. It doesn't know how it
//! came to hold it.

use casemate_jobs::recovery::Class;
use casemate_jobs::{Call, Command, Duty, End, Entry, Reason, Refused, Wake, retry};

use crate::broken::Broken;
use crate::database::event_id;
use crate::model::{Event, Line, Op, Process, Reply, Sent, Stage, Step, Task, ends, terms};
use crate::world::World;

/// How long a run waits at most for money that others hold. Two that came back at the same time again and again would
/// each hold what the other lacks.
const BUDGET_PAUSE: u64 = 1500;

pub(crate) fn line(seq: u64, epoch: u64, entry: Entry, cost: u64) -> Line {
    Line { call: Call { seq, epoch }, entry, cost }
}

impl World {
    pub(crate) fn keep(&mut self, process: Process, task: Task) {
        self.hosts[process.host].tasks.push(task);
    }

    /// To the ledger first; what follows depends on the stage.
    fn log(&mut self, process: Process, mut task: Task, stage: Stage, more: &[Line]) {
        self.tokens += 1;
        (task.token, task.stage) = (self.tokens, stage);
        task.pending.extend_from_slice(more);
        let (token, lines) = (task.token, task.pending.clone());
        if stage == Stage::Intent && self.is(Broken::EffectBeforeIntent) {
            self.send_effect(process, &task, false);
        }
        self.keep(process, task);
        let delay = self.delay();
        self.after(delay, Event::Ledger { to: process, token, lines });
    }

    /// The ledger has it; now the journal.
    pub(crate) fn logged(&mut self, process: Process, token: u64, lines: &[Line]) {
        let tasks = &self.hosts[process.host].tasks;
        let Some(index) = tasks.iter().position(|task| task.token == token) else { return };
        let mut task = self.hosts[process.host].tasks.remove(index);
        self.append_to_ledger(task.run, lines);
        let (run, epoch) = (task.run, task.epoch);
        let lines = lines.to_vec();
        let op = match task.stage {
            Stage::Leave(command) => {
                let event = match (command, task.program.steps.get(task.seq as usize)) {
                    (Command::Park { .. }, Some(Step::Event(event))) => Some(*event),
                    _ => None,
                };
                Op::Leave { run, epoch, lines, command, event }
            }
            Stage::Committed if self.is(Broken::EffectApart) && task.sent == 0 => Op::Effect { run, seq: task.seq },
            stage => Op::Append { run, epoch, lines, commits: stage == Stage::Committed },
        };
        task.sent = self.hosts[process.host].clock(self.now);
        task.token = self.ask(process, op);
        self.keep(process, task);
    }

    /// What follows an answer.
    pub(crate) fn go_on(&mut self, process: Process, mut task: Task, reply: Reply) {
        match (task.stage, reply) {
            (_, Reply::Refused(refused)) => self.refused(process, task, refused),
            (Stage::Intent, Reply::Done) => {
                task.pending.clear();
                task.used += self.cost(&task);
                let clock = self.hosts[process.host].clock(self.now);
                let lease = self.hosts[process.host].lease;
                if lease.is_some_and(|lease| lease.permits(task.sent, clock)) || self.is(Broken::PermitUnchecked) {
                    task.stage = Stage::Effect;
                    task.token = self.send_effect(process, &task, false);
                    self.keep(process, task);
                } else {
                    self.settle_later(process, task);
                }
            }
            (Stage::Effect, Reply::Effect) => {
                let outcome = line(task.seq, task.epoch, Entry::Outcome, 0);
                if self.class(&task) == Class::Other {
                    return self.log(process, task, Stage::Outcome, &[outcome]);
                }
                task.pending.push(outcome);
                task.seq += 1;
                self.advance(process, task);
            }
            (Stage::Status, Reply::Status(took_place)) => {
                if took_place {
                    task.pending.push(line(task.seq, task.epoch, Entry::Outcome, 0));
                    task.seq += 1;
                }
                self.advance(process, task);
            }
            (Stage::Committed, Reply::Done) if self.is(Broken::EffectApart) && task.granted < 1_000_000 => {
                // The effect is there; its outcome follows.
                task.granted += 1_000_000;
                let (run, epoch, lines) = (task.run, task.epoch, task.pending.clone());
                task.token = self.ask(process, Op::Append { run, epoch, lines, commits: false });
                self.keep(process, task);
            }
            (Stage::Outcome | Stage::Committed, Reply::Done) => {
                if task.stage == Stage::Committed {
                    task.used += self.cost(&task);
                    task.granted %= 1_000_000;
                }
                task.pending.clear();
                task.seq += 1;
                self.advance(process, task);
            }
            (Stage::WaitIntent, Reply::Done) => {
                task.pending.clear();
                if let Some(Step::Sleep(ms)) = task.program.steps.get(task.seq as usize) {
                    self.sleeps.insert((task.run, task.seq), self.now + ms);
                }
                self.advance(process, task);
            }
            (Stage::TopUp, Reply::Granted(granted)) => {
                task.granted = granted;
                self.advance(process, task);
            }
            (Stage::TopUp, Reply::NoBudget { for_good }) => {
                if for_good {
                    return self.end(process, task, |epoch| Command::Fail { epoch, retryable: false, delay_ms: 0 });
                }
                let pause = self.random.range(100, BUDGET_PAUSE);
                let wake = Wake { at_ms: Some(self.now + pause), event: None };
                let command = Command::Park { epoch: task.epoch, wake, happened: false };
                self.log(process, task, Stage::Leave(command), &[]);
            }
            (Stage::Leave(_), Reply::Failed(next)) => {
                let run = task.run;
                task.stage = Stage::Birth;
                task.token = self.ask(process, Op::Birth { run, next });
                self.keep(process, task);
            }
            (Stage::Leave(_) | Stage::Birth, _) => self.hosts[process.host].let_go(&task),
            _ => self.settle_later(process, task),
        }
    }

    fn refused(&mut self, process: Process, mut task: Task, refused: Refused) {
        if Self::is_fence(refused) {
            return self.hosts[process.host].let_go(&task);
        }
        // The claim holds: what the ledger has of this is void, unless the outcomes get another chance.
        let lines = std::mem::take(&mut task.pending);
        self.declare_void(task.run, &lines);
        task.pending = lines.into_iter().filter(|line| line.entry == Entry::Outcome).collect();
        if task.stage == Stage::Committed {
            task.pending.pop();
        }
        match refused {
            Refused::Expired => {
                task.job.ending = Some(End::Dead(Reason::Deadline));
                self.advance(process, task);
            }
            _ => self.settle_later(process, task),
        }
    }

    /// Gives a run back whose call may be under way.
    pub(crate) fn settle_later(&mut self, process: Process, task: Task) {
        let delay_ms = if self.is(Broken::QuietUnchecked) { 0 } else { terms().settle_ms() };
        let command = Command::Release { epoch: task.epoch, delay_ms };
        self.log(process, task, Stage::Leave(command), &[]);
    }

    /// The next thing to do, everything before it being settled.
    pub(crate) fn advance(&mut self, process: Process, mut task: Task) {
        if let Some(end) = task.job.ending {
            return self.end(process, task, |epoch| Command::Finish { epoch, end });
        }
        let Some(step) = task.program.steps.get(task.seq as usize).copied() else {
            return self.conclude(process, task);
        };
        let (seq, epoch) = (task.seq, task.epoch);
        match step {
            Step::Call(class, cost) => {
                if task.used + cost > task.granted {
                    task.stage = Stage::TopUp;
                    task.token = self.ask(process, Op::TopUp { run: task.run, epoch, want: cost });
                    return self.keep(process, task);
                }
                let intent = line(seq, epoch, Entry::Intent, cost);
                if class == Class::Transactional {
                    task.sent = 0;
                    let outcome = line(seq, epoch, Entry::Outcome, 0);
                    return self.log(process, task, Stage::Committed, &[intent, outcome]);
                }
                self.log(process, task, Stage::Intent, &[intent]);
            }
            Step::Sleep(_) | Step::Event(_) => {
                let journal = &self.db.journal[task.run];
                if !journal.iter().any(|line| line.call.seq == seq && line.entry == Entry::Intent) {
                    return self.log(process, task, Stage::WaitIntent, &[line(seq, epoch, Entry::Intent, 0)]);
                }
                let (wake, is_over) = match step {
                    Step::Event(event) => {
                        let wake = Wake { at_ms: None, event: Some(event_id(event)) };
                        (wake, self.db.events.contains(&event))
                    }
                    _ => {
                        // An intent whose answer was lost has not set the time.
                        let at = *self.sleeps.entry((task.run, seq)).or_insert(self.now);
                        (Wake { at_ms: Some(at), event: None }, self.now >= at)
                    }
                };
                if is_over {
                    task.pending.push(line(seq, epoch, Entry::Outcome, 0));
                    task.seq += 1;
                    return self.advance(process, task);
                }
                let command = Command::Park { epoch, wake, happened: false };
                self.log(process, task, Stage::Leave(command), &[]);
            }
        }
    }

    fn conclude(&mut self, process: Process, task: Task) {
        if task.job.attempt > task.program.failures {
            return self.end(process, task, |epoch| Command::Finish { epoch, end: End::Done });
        }
        let retryable = task.program.retryable;
        let policy = retry::Policy::new(task.job.attempts, 100, 2000).unwrap();
        let delay_ms = policy.delay_ms(task.job.attempt, self.random.next());
        self.end(process, task, |epoch| Command::Fail { epoch, retryable, delay_ms });
    }

    fn end(&mut self, process: Process, task: Task, command: impl FnOnce(u64) -> Command) {
        let command = command(task.epoch);
        let more = [line(task.seq, task.epoch, Entry::End, 0)];
        debug_assert!(ends(&command));
        self.log(process, task, Stage::Leave(command), &more);
    }

    pub(crate) fn send_effect(&mut self, process: Process, task: &Task, asks: bool) -> u64 {
        self.tokens += 1;
        let (token, class) = (self.tokens, self.class(task));
        let sent = Sent { run: task.run, seq: task.seq, epoch: task.epoch, class, asks };
        // What can't be told apart from another of its kind has to arrive in time or not at all.
        let delay = match class {
            Class::Queryable | Class::Other => self.delay().min(terms().delivery_ms()),
            _ => self.delay(),
        };
        if !self.is_lost() {
            self.after(delay, Event::Tool { from: process, token, sent });
        }
        self.after(crate::model::TIMEOUT, Event::Timeout { to: process, token });
        token
    }

    pub(crate) fn class(&self, task: &Task) -> Class {
        match task.program.steps.get(task.seq as usize) {
            Some(Step::Call(class, _)) => *class,
            _ => Class::Pure,
        }
    }

    fn cost(&self, task: &Task) -> u64 {
        match task.program.steps.get(task.seq as usize) {
            Some(Step::Call(_, cost)) => *cost,
            _ => 0,
        }
    }

    /// What a claim says about the job.
    pub(crate) fn ending(&self, job: &casemate_jobs::Job) -> Option<End> {
        match job.duty(self.now) {
            Duty::End(end) if !self.is(Broken::DeadlineIgnored) || job.ending.is_some() => Some(end),
            _ => None,
        }
    }
}

impl World {
    /// Nothing is journaled: the run is left as it is.
    pub(crate) fn leave_now(&mut self, process: Process, task: Task, command: Command) {
        self.log(process, task, Stage::Leave(command), &[]);
    }

    pub(crate) fn append_now(&mut self, process: Process, task: Task, outcome: Line) {
        self.log(process, task, Stage::Outcome, &[outcome]);
    }
}
