//! One schedule: a queue of events in the order of their times, and what may go wrong with each. It doesn't know what
//! hosts and clients do.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::broken::Broken;
use crate::database::Database;
use crate::host::Host;
use crate::model::{Event, HOSTS, Logged, Op, Process, QUIESCENCE, Reply, Submission, TIMEOUT};
use crate::random::Random;

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) random: Random,
    pub(crate) events: BinaryHeap<Queued>,
    order: u64,
    pub(crate) tokens: u64,
    pub(crate) db: Database,
    db_down: u64,
    pub(crate) ledger: Vec<Vec<Logged>>,
    /// How often each call took place at its receiver.
    pub(crate) effects: BTreeMap<(usize, u64), u32>,
    pub(crate) receiver_keys: BTreeSet<(usize, u64, u64)>,
    /// When sleeping runs wake, as their journals have it.
    pub(crate) sleeps: BTreeMap<(usize, u64), u64>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) ids: u64,
    pub(crate) submissions: Vec<Submission>,
    pub(crate) event_count: u32,
    /// Most runs of a tenant on one host.
    pub(crate) cap: u32,
    /// Chances per mille of a message to be lost or slow.
    pub(crate) loss: u64,
    pub(crate) slow: u64,
    /// From here on nothing goes wrong.
    pub(crate) heal: u64,
    pub(crate) broken: Option<Broken>,
    pub(crate) is_traced: bool,
    /// Queue rows taken before their jobs were claimed; of broken protocols only.
    pub(crate) popped: Vec<(u64, usize)>,
    /// When all was over.
    pub(crate) over: Option<u64>,
}

pub(crate) struct Queued {
    at: u64,
    order: u64,
    event: Event,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl World {
    pub(crate) fn empty(seed: u64, broken: Option<Broken>, is_traced: bool) -> Self {
        Self {
            now: 1,
            random: Random::new(seed),
            events: BinaryHeap::new(),
            order: 0,
            tokens: 0,
            db: Database { broken, ..Database::default() },
            db_down: 0,
            ledger: Vec::new(),
            effects: BTreeMap::new(),
            receiver_keys: BTreeSet::new(),
            sleeps: BTreeMap::new(),
            hosts: Vec::new(),
            ids: 0,
            submissions: Vec::new(),
            event_count: 0,
            cap: 0,
            loss: 0,
            slow: 0,
            heal: 0,
            broken,
            is_traced,
            popped: Vec::new(),
            over: None,
        }
    }

    pub(crate) fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    /// Runs to the end, or to the first thing that must not be.
    pub(crate) fn run(mut self) -> Result<(), (&'static str, String)> {
        while let Some(Queued { at, event, .. }) = self.events.pop() {
            self.now = at;
            if self.is_traced {
                println!("{at:>6} {event:?}");
            }
            self.happen(event);
            if let Some(violation) = self.db.violation.take() {
                return Err(violation);
            }
            if self.now > self.heal + QUIESCENCE || self.over.is_some_and(|over| self.now > over + 4 * TIMEOUT) {
                break;
            }
        }
        self.verify()
    }

    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.events.push(Queued { at, order: self.order, event });
    }

    pub(crate) fn after(&mut self, delay: u64, event: Event) {
        self.at(self.now + delay, event);
    }

    /// How long a message takes.
    pub(crate) fn delay(&mut self) -> u64 {
        let is_slow = self.now < self.heal && self.random.per_mille(self.slow);
        if is_slow { self.random.range(20, 3000) } else { self.random.range(1, 12) }
    }

    pub(crate) fn is_lost(&mut self) -> bool {
        self.now < self.heal && self.random.per_mille(self.loss)
    }

    /// A request to the database, and the end of waiting for it.
    pub(crate) fn ask(&mut self, from: Process, op: Op) -> u64 {
        self.tokens += 1;
        let token = self.tokens;
        if !self.is_lost() && self.hosts[from.host].partitioned < self.now {
            let delay = self.delay();
            self.after(delay, Event::Arrive { from, token, op });
        }
        self.after(TIMEOUT, Event::Timeout { to: from, token });
        token
    }

    pub(crate) fn answer(&mut self, to: Process, token: u64, reply: Reply) {
        if !self.is_lost() && self.hosts[to.host].partitioned < self.now {
            let delay = self.delay();
            self.after(delay, Event::Reply { to, token, reply });
        }
    }

    fn happen(&mut self, event: Event) {
        let to = match &event {
            Event::Tick(to) | Event::Reply { to, .. } | Event::Timeout { to, .. } | Event::Ledger { to, .. } => *to,
            event => return self.outside(event.clone()),
        };
        let host = &self.hosts[to.host];
        if host.process != to || !host.is_up {
            return;
        }
        if host.stopped > self.now {
            return self.at(host.stopped, event);
        }
        match event {
            Event::Tick(_) => self.tick(to),
            Event::Reply { token, reply, .. } => self.replied(to, token, reply),
            Event::Timeout { token, .. } => self.timed_out(to, token),
            Event::Ledger { token, lines, .. } => self.logged(to, token, &lines),
            _ => {}
        }
    }

    fn outside(&mut self, event: Event) {
        match event {
            // What was under way when the database went down is lost.
            Event::Arrive { from, token, op } if self.db_down < self.now => self.serve(from, token, op),
            Event::Tool { from, token, sent } => self.tool(from, token, sent),
            Event::Client(client) => self.submit(client),
            Event::Wish(wish) => self.wish(wish),
            Event::Fires(event) => self.db.happens(event, self.now),
            Event::Person => self.person(),
            Event::Kill(host) => self.kill(host),
            Event::Start(host) => self.start(host),
            Event::Stop(host, until) => self.hosts[host].stopped = until,
            Event::Partition(host, until) => self.hosts[host].partitioned = until,
            Event::Restart(until) => self.db_down = until,
            Event::Late(run, command) => _ = self.db.transact(run, command, self.now),
            _ => {}
        }
    }

    fn kill(&mut self, host: usize) {
        self.hosts[host].is_up = false;
    }

    /// A process starts, under an id that no process had.
    pub(crate) fn start(&mut self, host: usize) {
        self.ids += 1;
        let process = Process { host, id: self.ids };
        let old = &self.hosts[host];
        self.hosts[host] = Host::new(process, old.offset, old.drift, old.stopped, old.partitioned);
        let first = self.random.range(1, 100);
        self.after(first, Event::Tick(process));
    }

    pub(crate) fn add_hosts(&mut self) {
        for host in 0..HOSTS {
            let (offset, drift) = (self.random.range(0, 100_000), self.random.range(0, 39) as i64 - 19);
            self.hosts.push(Host::new(Process { host, id: 0 }, offset, drift, 0, 0));
            self.start(host);
        }
    }
}
