//! The host's own tables and functions that a rule doesn't bind, each with its reason; there are no others. It doesn't
//! know the rules.

/// Tables without the floor.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("app.keys", "keys of the claims: no tenant's, and for their owner's functions alone"),
    ("app.migrations", "which migrations have run: no tenant's, and for their owner alone"),
    ("casemate.tenants", "the directory of tenants: names and ids, which the host reads before there is a claim"),
    ("casemate.ready", "ids and times of runs that are due, which a scheduler reads for all tenants without a claim"),
];

/// Functions with their owner's rights that are called without them.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[
    ("app.open", "opens a claim that the host has signed, and nothing without the signature"),
    ("app.tenant", "says whose claim is open"),
    ("app.rotate", "takes the host's new keys; only the owner may call it"),
    ("casemate.journal_append", "appends what the host has signed, and nothing without the signature"),
    ("casemate.journal_append_or_abort", "the same, and ends the transaction if nothing was appended"),
    ("casemate.journal_record", "both at once, for the host's login"),
    ("casemate.keep_ready", "a trigger that keeps `casemate.ready` as `casemate.runs` is"),
];
