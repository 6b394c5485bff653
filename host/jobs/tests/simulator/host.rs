//! A host: it renews its lease, asks for work in the order of its ring, and gives back what it lost track of. It doesn't
//! know how a run goes on.

use casemate_jobs::fair::{ESTIMATE, Ring, Share};
use casemate_jobs::lease::Lease;
use casemate_jobs::{Command, Refused};

use crate::broken::Broken;
use crate::model::{Event, Op, Process, Reply, Row, SLOTS, Stage, TENANTS, TICK, Task, terms};
use crate::world::World;

/// Jobs of others that a host may claim while a tenant's are ready: what is left of a turn and a turn of everybody
/// else, each of which may be twice a weight.
const MOST_PASSED: u32 = 6 + 10;
const RENEWAL: u64 = 700;

pub(crate) struct Host {
    pub(crate) process: Process,
    pub(crate) is_up: bool,
    pub(crate) stopped: u64,
    pub(crate) partitioned: u64,
    pub(crate) offset: u64,
    /// In thousandths.
    pub(crate) drift: i64,
    pub(crate) lease: Option<Lease>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) lost: Vec<(usize, u64)>,
    releasing: Vec<(u64, usize, u64)>,
    renewed: u64,
    claiming: Option<(u64, usize)>,
    claim_answered: u64,
    polling: Option<u64>,
    ring: Ring<usize>,
    ready: [bool; TENANTS],
    passed: [u32; TENANTS],
}

pub(crate) fn share(tenant: usize, cap: u32) -> Share {
    Share { weight: tenant as u32 + 1, cap }
}

impl Host {
    pub(crate) fn new(process: Process, offset: u64, drift: i64, stopped: u64, partitioned: u64) -> Self {
        Self {
            process,
            is_up: true,
            stopped,
            partitioned,
            offset,
            drift,
            lease: None,
            tasks: Vec::new(),
            lost: Vec::new(),
            releasing: Vec::new(),
            renewed: 0,
            claiming: None,
            claim_answered: 0,
            polling: None,
            ring: Ring::new(),
            ready: [false; TENANTS],
            passed: [0; TENANTS],
        }
    }

    /// Its own monotonic clock.
    pub(crate) fn clock(&self, now: u64) -> u64 {
        self.offset + (now as i64 + now as i64 * self.drift / 1000) as u64
    }

    fn running(&self, tenant: usize) -> u32 {
        self.tasks.iter().filter(|task| task.tenant == tenant).count() as u32
    }

    /// A run is no longer held.
    pub(crate) fn let_go(&mut self, task: &Task) {
        self.ring.charged(task.tenant, task.used * ESTIMATE as u64 / 4);
    }
}

impl World {
    pub(crate) fn tick(&mut self, process: Process) {
        let h = process.host;
        let clock = self.hosts[h].clock(self.now);
        if self.hosts[h].lease.is_some_and(|lease| !lease.holds(clock)) {
            return self.start(h);
        }
        if clock >= self.hosts[h].renewed + RENEWAL {
            self.hosts[h].renewed = clock;
            self.ask(process, Op::Heartbeat { sent: clock });
        }
        for (run, epoch) in self.hosts[h].lost.clone() {
            if !self.hosts[h].releasing.iter().any(|(_, of, under)| (*of, *under) == (run, epoch)) {
                let command = Command::Release { epoch, delay_ms: terms().settle_ms() };
                let token = self.ask(process, Op::Leave { run, epoch, lines: Vec::new(), command, event: None });
                self.hosts[h].releasing.push((token, run, epoch));
            }
        }
        if self.hosts[h].lease.is_some() && self.hosts[h].polling.is_none() {
            self.hosts[h].polling = Some(self.ask(process, Op::Poll));
        }
        self.after(TICK, Event::Tick(process));
    }

    pub(crate) fn replied(&mut self, process: Process, token: u64, reply: Reply) {
        let host = &mut self.hosts[process.host];
        if let Some(index) = host.releasing.iter().position(|(of, ..)| *of == token) {
            let (_, run, epoch) = host.releasing.remove(index);
            host.lost.retain(|of| *of != (run, epoch));
            return;
        }
        if host.polling == Some(token) {
            host.polling = None;
        }
        match reply {
            Reply::Heartbeat { sent, held } => self.renewed(process, sent, &held),
            Reply::Ready(tenants) => {
                let cap = if self.is(Broken::NoCaps) { u32::MAX } else { self.cap };
                let host = &mut self.hosts[process.host];
                for tenant in 0..TENANTS {
                    host.ready[tenant] = tenants.contains(&tenant);
                    if host.ready[tenant] {
                        host.ring.ready(tenant, share(tenant, cap));
                    } else {
                        host.ring.gone(tenant);
                        host.passed[tenant] = 0;
                    }
                }
                self.claim(process);
            }
            Reply::Claimed { tenant, most, rows } => {
                if self.hosts[process.host].claiming == Some((token, tenant)) {
                    self.claimed(process, tenant, most, rows);
                }
            }
            reply => {
                let tasks = &mut self.hosts[process.host].tasks;
                if let Some(index) = tasks.iter().position(|task| task.token == token) {
                    let task = tasks.remove(index);
                    self.go_on(process, task, reply);
                }
            }
        }
    }

    fn renewed(&mut self, process: Process, sent: u64, held: &[(usize, u64)]) {
        let forgets = self.is(Broken::ClaimForgotten);
        let host = &mut self.hosts[process.host];
        let clock = host.clock(self.now);
        let is_kept = match &mut host.lease {
            Some(lease) => lease.renewed(sent, clock),
            None => {
                host.lease = Some(Lease::begin(terms(), sent));
                true
            }
        };
        if !is_kept {
            return self.start(process.host);
        }
        // Claims whose answers were lost: held by this process, and by nobody in it.
        if host.claiming.is_none() && host.claim_answered < sent && !forgets {
            for (run, epoch) in held {
                let is_known = host.tasks.iter().any(|task| (task.run, task.epoch) == (*run, *epoch));
                if !is_known && !host.lost.contains(&(*run, *epoch)) {
                    host.lost.push((*run, *epoch));
                }
            }
        }
    }

    /// Asks for jobs of whose turn it is.
    fn claim(&mut self, process: Process) {
        let (starves, cap) = (self.is(Broken::Starves), self.cap);
        let host = &mut self.hosts[process.host];
        if host.claiming.is_some() {
            return;
        }
        let free = SLOTS.saturating_sub(host.tasks.len() as u32);
        let turn = if starves {
            let first = (0..TENANTS).find(|tenant| host.ready[*tenant] && host.running(*tenant) < cap);
            first.filter(|_| free > 0).map(|tenant| (tenant, free.min(cap - host.running(tenant))))
        } else {
            host.ring.next(free)
        };
        if let Some((tenant, most)) = turn {
            let token = self.ask(process, Op::Claim { tenant, most });
            self.hosts[process.host].claiming = Some((token, tenant));
        }
    }

    fn claimed(&mut self, process: Process, tenant: usize, most: u32, rows: Vec<Row>) {
        let cap = self.cap;
        let host = &mut self.hosts[process.host];
        let count = rows.len() as u32;
        host.claiming = None;
        host.claim_answered = host.clock(self.now);
        for other in (0..TENANTS).filter(|other| *other != tenant) {
            if host.ready[other] && host.running(other) < cap {
                host.passed[other] += count;
            }
        }
        host.passed[tenant] = 0;
        let starved = (0..TENANTS).find(|other| host.passed[*other] > MOST_PASSED);
        host.ring.claimed(tenant, count);
        if count < most {
            host.ring.gone(tenant);
            host.ready[tenant] = false;
        }
        if let Some(starved) = starved {
            self.db.violated("J6", format!("tenant {starved} is passed over by {process:?}"));
        }
        if self.hosts[process.host].running(tenant) + count > cap {
            self.db.violated("J6", format!("tenant {tenant} is above its cap on {process:?}"));
        }
        for row in rows {
            self.begin(process, row);
        }
        self.claim(process);
    }

    pub(crate) fn timed_out(&mut self, process: Process, token: u64) {
        let host = &mut self.hosts[process.host];
        host.releasing.retain(|(of, ..)| *of != token);
        if host.polling == Some(token) {
            host.polling = None;
        }
        if host.claiming.is_some_and(|(of, _)| of == token) {
            host.claiming = None;
            host.claim_answered = host.clock(self.now);
        }
        let Some(index) = host.tasks.iter().position(|task| task.token == token) else { return };
        let task = host.tasks.remove(index);
        match task.stage {
            // The claim holds, and what became of the call is not known.
            Stage::Effect | Stage::Status => self.settle_later(process, task),
            // Whether it was committed is not known: the run begins again from its journal.
            _ => {
                self.hosts[process.host].lost.push((task.run, task.epoch));
                self.hosts[process.host].let_go(&task);
            }
        }
    }

    pub(crate) fn is_fence(refused: Refused) -> bool {
        matches!(refused, Refused::Fenced | Refused::Ended)
    }
}
