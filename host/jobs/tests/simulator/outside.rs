//! What is outside the hosts: receivers of calls, clients that submit and change their minds, and the person who answers
//! for calls that nobody else can judge.

use casemate_jobs::recovery::Class;
use casemate_jobs::{Command, Entry, Job, Resolution, State};

use crate::broken::Broken;
use crate::model::{Event, Process, Reply, Sent, Wish, terms};
use crate::world::World;

/// How long a client waits before it tries again.
const AGAIN: u64 = 400;

impl World {
    pub(crate) fn tool(&mut self, from: Process, token: u64, sent: Sent) {
        let (run, seq) = (sent.run, sent.seq);
        if sent.asks {
            let took_place = self.effects.contains_key(&(run, seq));
            return self.answer_tool(from, token, Reply::Status(took_place));
        }
        let intent = self.db.journal[run]
            .iter()
            .any(|line| line.entry == Entry::Intent && (line.call.seq, line.call.epoch) == (seq, sent.epoch));
        if !intent {
            self.db.violated("intent", format!("{sent:?} took place before its intent"));
        }
        let is_bounded = matches!(sent.class, Class::Queryable | Class::Other);
        if is_bounded && self.db.held_back[run].is_some_and(|since| self.now > since + terms().settle_ms()) {
            self.db.violated("J8", format!("{sent:?} took place long after run {run} was held back"));
        }
        match sent.class {
            Class::Pure | Class::Transactional => {}
            Class::Idempotent => {
                let key = if self.is(Broken::NewKey) { sent.epoch } else { 0 };
                if self.receiver_keys.insert((run, seq, key)) {
                    self.takes_place(run, seq);
                }
            }
            Class::Queryable | Class::Other => self.takes_place(run, seq),
        }
        self.answer_tool(from, token, Reply::Effect);
    }

    fn answer_tool(&mut self, to: Process, token: u64, reply: Reply) {
        if !self.is_lost() {
            let delay = self.delay();
            self.after(delay, Event::Reply { to, token, reply });
        }
    }

    pub(crate) fn takes_place(&mut self, run: usize, seq: u64) {
        let count = self.effects.entry((run, seq)).or_insert(0);
        *count += 1;
        if *count > 1 {
            self.db.violated("J4", format!("call {seq} of run {run} took place twice"));
        }
    }

    /// One try of a client to submit under its key, until it has an answer.
    pub(crate) fn submit(&mut self, client: usize) {
        if self.submissions[client].acknowledged.is_some() {
            return;
        }
        if !self.is_lost() {
            let submission = self.submissions[client].clone();
            let known = self.db.keys.entry(client).or_default().first().copied();
            let number = match known {
                Some(number) if !self.is(Broken::KeyNotUnique) => number,
                _ => {
                    let number = self.db.jobs.len();
                    let deadline = submission.deadline.map(|after| self.now + after);
                    let job = Job::new(submission.attempts, self.now, deadline);
                    self.db.insert(number, submission.tenant, job, submission.program);
                    self.db.keys.entry(client).or_default().push(number);
                    number
                }
            };
            if !self.is_lost() {
                self.submissions[client].acknowledged = Some(number);
                return;
            }
        }
        self.after(AGAIN, Event::Client(client));
    }

    pub(crate) fn wish(&mut self, wish: Wish) {
        let (client, command) = match wish {
            Wish::Cancel(client) => (client, Command::Cancel),
            Wish::Pause(client) => (client, Command::Pause),
            Wish::Unpause(client) => (client, Command::Unpause),
            Wish::Retry(client) => (client, Command::Retry { deadline_ms: None }),
        };
        let Some(number) = self.submissions[client].acknowledged else { return };
        if self.is_lost() {
            return self.after(AGAIN, Event::Wish(wish));
        }
        let run = self.db.last(number);
        let is_held = self.db.rows[run].job.state == State::Running;
        let is_told_later = match command {
            Command::Cancel => self.is(Broken::CancelUnfenced),
            Command::Pause => self.is(Broken::PauseUnfenced),
            _ => false,
        };
        if is_held && is_told_later {
            self.db.held_back[run].get_or_insert(self.now);
            return self.after(1000, Event::Late(run, command));
        }
        let before = self.db.rows[run].job;
        let answer = self.db.transact(run, command, self.now);
        if matches!(command, Command::Retry { .. }) && answer.is_ok() && self.db.last(number) == run {
            self.db.violated("J1", format!("no attempt follows {before:?}"));
        }
        if self.is_lost() {
            // Its answer was lost, so it is said twice.
            self.after(AGAIN, Event::Wish(wish));
        }
    }

    /// Looks after what machines can't decide. In the end everything that was held back may go on.
    pub(crate) fn person(&mut self) {
        let is_healed = self.now >= self.heal;
        if is_healed {
            for event in 0..self.event_count {
                if !self.db.events.contains(&event) && !self.random.per_mille(500) {
                    self.db.happens(event, self.now);
                }
            }
        }
        for run in 0..self.db.rows.len() {
            let job = self.db.rows[run].job;
            if job.state == State::Paused && is_healed {
                _ = self.db.transact(run, Command::Unpause, self.now);
            }
            if job.state == State::Indeterminate && (is_healed || self.random.per_mille(400)) {
                self.resolve(run, job);
            }
        }
        let is_known = self.submissions.iter().all(|submission| submission.acknowledged.is_some());
        if is_healed && is_known && self.over.is_none() && self.db.rows.iter().all(|row| row.job.state.is_end()) {
            self.over = Some(self.now);
        }
        self.after(500, Event::Person);
    }

    fn resolve(&mut self, run: usize, job: Job) {
        let Some(unsettled) = job.unsettled else { return };
        let resolution = if self.random.per_mille(100) {
            Resolution::GiveUp
        } else if self.effects.contains_key(&(run, unsettled.call.seq)) {
            Resolution::Happened
        } else {
            Resolution::DidNotHappen
        };
        _ = self.db.transact(run, Command::Resolve { call: unsettled.call, resolution }, self.now);
    }
}
