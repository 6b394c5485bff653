//! What the world is made of: programs, rows, messages and faults. It doesn't know what follows from what.

use std::rc::Rc;

use casemate_jobs::recovery::Class;
use casemate_jobs::{Call, Command, Entry, Job, Refused, lease};

pub(crate) const TENANTS: usize = 3;
pub(crate) const HOSTS: usize = 3;
/// Runs that a host holds at once.
pub(crate) const SLOTS: u32 = 4;
pub(crate) const TICK: u64 = 200;
pub(crate) const TTL: u64 = 3000;
pub(crate) const PERMIT: u64 = 500;
pub(crate) const DELIVERY: u64 = 300;
/// How long a host waits for an answer.
pub(crate) const TIMEOUT: u64 = 1500;
/// Latest end of a schedule, after its faults have stopped.
pub(crate) const QUIESCENCE: u64 = 90_000;

pub(crate) fn terms() -> lease::Terms {
    lease::Terms::new(TTL, 700, PERMIT, DELIVERY).unwrap()
}

/// One thing that a guest does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Call(Class, u64),
    Sleep(u64),
    Event(u32),
}

/// What a guest does; attempts up to `failures` fail after the last step.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    pub(crate) failures: u32,
    pub(crate) retryable: bool,
}

/// A row of the journal, or an entry of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) call: Call,
    pub(crate) entry: Entry,
    pub(crate) cost: u64,
}

/// An entry of the ledger; without a kind it says that a claim has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) call: Call,
    pub(crate) entry: Option<Entry>,
    pub(crate) is_void: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: usize,
    pub(crate) number: usize,
    pub(crate) tenant: usize,
    pub(crate) job: Job,
    pub(crate) host: u64,
    pub(crate) grant: Option<(u64, u64)>,
    pub(crate) program: Rc<Program>,
}

/// What a host has in hand about a run.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) run: usize,
    pub(crate) tenant: usize,
    pub(crate) epoch: u64,
    pub(crate) job: Job,
    pub(crate) program: Rc<Program>,
    pub(crate) seq: u64,
    /// Outcomes that ride with the next entry.
    pub(crate) pending: Vec<Line>,
    pub(crate) granted: u64,
    pub(crate) used: u64,
    pub(crate) token: u64,
    pub(crate) stage: Stage,
    /// When the last append was sent, by the host's clock.
    pub(crate) sent: u64,
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Begin,
    Intent,
    Effect,
    Status,
    Outcome,
    Committed,
    WaitIntent,
    TopUp,
    Leave(Command),
    Birth,
}

/// A request of a host to the database.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Heartbeat {
        sent: u64,
    },
    Poll,
    Claim {
        tenant: usize,
        most: u32,
    },
    Append {
        run: usize,
        epoch: u64,
        lines: Vec<Line>,
        commits: bool,
    },
    Leave {
        run: usize,
        epoch: u64,
        lines: Vec<Line>,
        command: Command,
        event: Option<u32>,
    },
    TopUp {
        run: usize,
        epoch: u64,
        want: u64,
    },
    /// Of broken protocols only.
    Effect {
        run: usize,
        seq: u64,
    },
    Birth {
        run: usize,
        next: Job,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Heartbeat { sent: u64, held: Vec<(usize, u64)> },
    Ready(Vec<usize>),
    Claimed { tenant: usize, most: u32, rows: Vec<Row> },
    Done,
    Failed(Job),
    Refused(Refused),
    Granted(u64),
    NoBudget { for_good: bool },
    Effect,
    Status(bool),
}

/// A call on its way to a tool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) run: usize,
    pub(crate) seq: u64,
    pub(crate) epoch: u64,
    pub(crate) class: Class,
    pub(crate) asks: bool,
}

/// Which process of a host: its number and its id, which is new with each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) host: usize,
    pub(crate) id: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum Event {
    Tick(Process),
    Arrive {
        from: Process,
        token: u64,
        op: Op,
    },
    Reply {
        to: Process,
        token: u64,
        reply: Reply,
    },
    Timeout {
        to: Process,
        token: u64,
    },
    Ledger {
        to: Process,
        token: u64,
        lines: Vec<Line>,
    },
    Tool {
        from: Process,
        token: u64,
        sent: Sent,
    },
    Client(usize),
    Wish(Wish),
    Fires(u32),
    Person,
    Kill(usize),
    Start(usize),
    Stop(usize, u64),
    Partition(usize, u64),
    Restart(u64),
    /// Of broken protocols only.
    Late(usize, Command),
}

/// What clients want of a job.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    Cancel(usize),
    Pause(usize),
    Unpause(usize),
    Retry(usize),
}

/// What clients submit.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) tenant: usize,
    pub(crate) program: Rc<Program>,
    pub(crate) attempts: u32,
    pub(crate) deadline: Option<u64>,
    pub(crate) acknowledged: Option<usize>,
}

pub(crate) fn ends(command: &Command) -> bool {
    matches!(command, Command::Finish { .. } | Command::Fail { .. })
}
