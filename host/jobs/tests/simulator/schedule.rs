//! What a seed stands for: which jobs there are, what clients do to them, and what goes wrong when.

use std::rc::Rc;

use casemate_jobs::escrow::Account;
use casemate_jobs::recovery::Class;

use crate::broken::Broken;
use crate::model::{Event, HOSTS, Program, Step, Submission, TENANTS, Wish};
use crate::world::World;

/// One in so many schedules is a crowd: many small jobs of one tenant, and few of the others.
const CROWD: u64 = 24;

impl World {
    pub(crate) fn new(seed: u64, broken: Option<Broken>, is_traced: bool) -> Self {
        let mut world = Self::empty(seed, broken, is_traced);
        world.heal = world.random.range(1500, 8000);
        let levels = [0, 20, 60, 150, 300];
        world.loss = levels[world.random.range(0, 5) as usize];
        world.slow = levels[world.random.range(0, 5) as usize];
        for _ in 0..TENANTS {
            let limit = world.random.per_mille(400).then(|| world.random.range(0, 40));
            world.db.accounts.push(Account { limit, spent: 0, reserved: 0 });
        }
        world.event_count = 2;
        world.cap = world.random.range(2, 5) as u32;
        world.add_hosts();
        if world.random.range(0, CROWD) == 0 {
            world.crowd();
        } else {
            world.jobs();
        }
        world.faults();
        world.after(500, Event::Person);
        world
    }

    fn jobs(&mut self) {
        for _ in 0..self.random.range(1, 6) {
            let steps = (0..self.random.range(0, 5)).map(|_| self.step()).collect();
            let failures = if self.random.per_mille(300) { self.random.range(1, 4) as u32 } else { 0 };
            let program = Rc::new(Program { steps, failures, retryable: self.random.per_mille(800) });
            let deadline = self.random.per_mille(200).then(|| self.random.range(200, 8000));
            let tenant = self.random.range(0, TENANTS as u64) as usize;
            let attempts = self.random.range(1, 4) as u32;
            self.add(Submission { tenant, program, attempts, deadline, acknowledged: None });
        }
        for event in 0..self.event_count {
            if self.random.per_mille(700) {
                let at = self.random.range(1, self.heal);
                self.at(at, Event::Fires(event));
            }
        }
    }

    fn step(&mut self) -> Step {
        let cost = self.random.range(1, 6);
        match self.random.range(0, 10) {
            0 => Step::Sleep(self.random.range(1, 2500)),
            1 => Step::Event(self.random.range(0, u64::from(self.event_count)) as u32),
            2 | 3 => Step::Call(Class::Transactional, cost),
            4 | 5 => Step::Call(Class::Queryable, cost),
            6 | 7 => Step::Call(Class::Other, cost),
            8 => Step::Call(Class::Idempotent, cost),
            _ => Step::Call(Class::Pure, cost),
        }
    }

    fn crowd(&mut self) {
        let program = Rc::new(Program { steps: Vec::new(), failures: 0, retryable: true });
        let busy = self.random.range(0, TENANTS as u64) as usize;
        let tenants = (0..TENANTS).chain(std::iter::repeat_n(busy, 120));
        for tenant in tenants {
            self.add(Submission { tenant, program: program.clone(), attempts: 1, deadline: None, acknowledged: None });
        }
    }

    fn add(&mut self, submission: Submission) {
        let client = self.submissions.len();
        self.submissions.push(submission);
        let at = self.random.range(1, self.heal / 2);
        self.at(at, Event::Client(client));
        if self.random.per_mille(100) {
            // It is impatient and asks again at once.
            self.at(at + 2, Event::Client(client));
        }
        for (chance, wish) in [(150, Wish::Cancel(client)), (100, Wish::Retry(client))] {
            if self.random.per_mille(chance) {
                let at = self.soon(at);
                self.at(at, Event::Wish(wish));
            }
        }
        while self.random.per_mille(300) {
            let at = self.soon(at);
            self.at(at, Event::Wish(Wish::Pause(client)));
            // Now and then another host has the run before the first has noticed.
            let pause = if self.random.per_mille(500) { 100 } else { 2500 };
            if self.random.per_mille(800) {
                let until = at + self.random.range(1, pause);
                self.at(until, Event::Wish(Wish::Unpause(client)));
            }
        }
    }

    /// While a job that is submitted then is likely to go on, or at any time.
    fn soon(&mut self, submitted: u64) -> u64 {
        if self.random.per_mille(700) {
            submitted + self.random.range(1, 1500)
        } else {
            self.random.range(1, self.heal)
        }
    }

    fn faults(&mut self) {
        for _ in 0..self.random.range(0, 4) {
            let (host, at) = (self.random.range(0, HOSTS as u64) as usize, self.random.range(1, self.heal));
            let until = at + self.random.range(10, 6000);
            match self.random.range(0, 5) {
                0 | 1 => {
                    self.at(at, Event::Kill(host));
                    self.at(until, Event::Start(host));
                }
                2 => self.at(at, Event::Stop(host, until)),
                3 => self.at(at, Event::Partition(host, until)),
                _ => {
                    let until = at + self.random.range(10, 1500);
                    self.at(at, Event::Restart(until));
                }
            }
        }
    }
}
