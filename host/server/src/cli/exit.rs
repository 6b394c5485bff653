//! Exit statuses as a type; `docs/exit-codes.md` is the page for people. Numbers are stable. It doesn't know which
//! error is which.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done as asked.
    Done = 0,
    /// The run ended without a result: it was refused, failed, or trapped. That is on record.
    NoResult = 1,
    /// The command line is not understood.
    Usage = 2,
    /// What was given is not usable: component, policy, input, tenant, SQL file.
    Input = 3,
    /// The machine is not in order: zone, disk, Postgres, key file.
    Environment = 4,
    /// Another process uses the data directory or a zone.
    Busy = 5,
    /// The audit log is sound, but its newest entries are not yet covered by a signed checkpoint.
    Unanchored = 10,
    /// The zones are each sound and do not agree.
    Diverged = 11,
    /// The audit log is damaged or was tampered with.
    Corrupt = 12,
    /// The database breaks rules that keep tenants apart.
    Unsafe = 13,
    /// A run that was repeated did something else than is on record, or its evidence is not what the log has.
    Otherwise = 14,
    /// The run's keys are destroyed: nothing of it can be repeated.
    Erased = 15,
}

impl Exit {
    /// Every status, in rising order.
    pub const ALL: [Self; 12] = [
        Self::Done,
        Self::NoResult,
        Self::Usage,
        Self::Input,
        Self::Environment,
        Self::Busy,
        Self::Unanchored,
        Self::Diverged,
        Self::Corrupt,
        Self::Unsafe,
        Self::Otherwise,
        Self::Erased,
    ];

    /// The number that the system sees.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The status of an error with this code.
    #[must_use]
    pub fn of_code(code: &str) -> Self {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| code.starts_with(prefix));
        if matches!(
            code,
            "data-locked" | "ledger-locked" | "run-fenced" | "tenant-waits" | "tenant-busy" | "data-changed"
        ) {
            Self::Busy
        } else if code == "store-unsafe" {
            Self::Unsafe
        } else if matches!(code, "evidence-not-in-log" | "evidence-not-sealed") {
            Self::Otherwise
        } else if code == "run-erased" {
            Self::Erased
        } else if starts(&["budget-", "identity-", "capability-"]) {
            Self::NoResult
        } else if starts(&[
            "component-",
            "config-",
            "manifest-",
            "pack-",
            "policy-",
            "input-",
            "tenant-",
            "run-",
            "job-",
            "approval-",
            "evidence-",
            "store-agent",
            "store-grant",
        ]) || matches!(
            code,
            "data-exists" | "database-none" | "database-superuser" | "database-taken" | "database-url"
        ) || matches!(
            code,
            "store-sql"
                | "store-protect"
                | "store-tenant-table"
                | "store-tenant-table-narrowed"
                | "store-tenant-tables"
                | "store-tenant-rows"
                | "store-no-run"
                | "store-no-table"
                | "pii-too-large"
                | "keys-public"
                | "keys-name"
        ) {
            Self::Input
        } else {
            Self::Environment
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
