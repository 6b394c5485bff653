//! Limits of the contract itself: fixed sizes that no policy can raise. Budgets, which operators set, are not here.

/// Most bytes in one key of `kv`.
pub const KV_KEY_BYTES: usize = 512;
/// Most bytes in one value of `kv`.
pub const KV_VALUE_BYTES: usize = 256 * 1024;
/// Most bytes in one statement of `sql`.
pub const SQL_STATEMENT_BYTES: usize = 64 * 1024;
/// Most parameters of one statement.
pub const SQL_PARAMETERS: usize = 256;
/// Most elements of the arrays among a statement's parameters, together.
pub const SQL_ELEMENTS: usize = 10_000;
/// Most transactions and queries read in pieces that a run has open at once.
pub const SQL_OPEN: usize = 4;
/// Most rows that one query returns.
pub const SQL_ROWS: usize = 10_000;
/// Most bytes in one message of `log`.
pub const LOG_MESSAGE_BYTES: usize = 16 * 1024;
/// Most bytes from one call of `random.bytes`.
pub const RANDOM_BYTES: u32 = 65_536;
/// Longest `clock.sleep`, in milliseconds: 30 days.
pub const SLEEP_MILLISECONDS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Most bytes that a guest hands over or receives in one call.
pub const CALL_BYTES: usize = 512 * 1024;
/// Most bytes of a run's input or result.
pub const DOCUMENT_BYTES: usize = 512 * 1024;
/// Most bytes of a panic's message that are kept.
pub const PANIC_MESSAGE_BYTES: usize = 2048;
/// Most bytes of a panic's file name that are kept.
pub const PANIC_FILE_BYTES: usize = 256;
/// Most bytes of a component file.
pub const COMPONENT_BYTES: usize = 64 * 1024 * 1024;
/// Most bytes of a manifest.
pub const MANIFEST_BYTES: usize = 64 * 1024;
