//! The host's own tables and functions that a rule doesn't bind, each with its reason; there are no others. It doesn't
//! know the rules.

/// Tables without the floor.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("app.keys", "keys of the claims: no tenant's, and for their owner's functions alone"),
    ("app.migrations", "which migrations have run: no tenant's, and for their owner alone"),
    ("casemate.tenants", "the directory of tenants: names and ids, which the host reads before there is a claim"),
    ("casemate.queue", "ids and places of runs that are due, which a scheduler reads for all tenants without a claim"),
    ("casemate.queue_0", "a slot of `casemate.queue`"),
    ("casemate.queue_1", "a slot of `casemate.queue`"),
    ("casemate.queue_2", "a slot of `casemate.queue`"),
    ("casemate.queue_3", "a slot of `casemate.queue`"),
    ("casemate.queue_4", "a slot of `casemate.queue`"),
    ("casemate.queue_5", "a slot of `casemate.queue`"),
    ("casemate.queue_6", "a slot of `casemate.queue`"),
    ("casemate.queue_7", "a slot of `casemate.queue`"),
    ("casemate.queue_slot", "which slot is filled: no tenant's"),
    ("casemate.later", "ids and times of runs that will be due"),
    ("casemate.leases", "ids of runs and of the hosts that hold them"),
    ("casemate.hosts", "which hosts there are: no tenant's"),
    ("casemate.shares", "what each tenant is given beside others: ids and numbers"),
    (
        "casemate.documents",
        "what hosts share: names, wrapped keys, policies; no tenant's rows, and for the host's login alone",
    ),
];

/// Functions with their owner's rights that are called without them.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[
    ("app.open", "opens a claim that the host has signed, and nothing without the signature"),
    ("app.tenant", "says whose claim is open"),
    ("app.rotate", "takes the host's new keys; only the owner may call it"),
    ("casemate.journal_append", "appends what the host has signed, and nothing without the signature"),
    ("casemate.journal_append_or_abort", "the same, and ends the transaction if nothing was appended"),
    ("casemate.journal_record", "both at once, for the host's login"),
    ("casemate.journal_begin", "keeps beginnings that the host has signed, and nothing without the signature"),
    ("casemate.keep_queue", "a trigger that keeps the hints for schedulers as `casemate.runs` is"),
    ("casemate.due", "moves hints whose time has come, for the host's login"),
    ("casemate.turn_queue", "empties a slot of the queue and turns to it, for the host's login"),
];
