//! Every bound the ledger keeps, in one place, so that a reviewer can see that nothing grows without one.
//! It does not know why a caller would want more: a caller that does must split its work.

/// Largest leaf in bytes: the uint16 length prefix of C2SP tlog-tiles entries.
pub const LEAF_MAX: usize = 65_535;
/// Largest sealed payload of one entry, in bytes (1 MiB).
pub const PAYLOAD_MAX: usize = 1 << 20;
/// Largest frame on disk, in bytes (4 MiB).
pub const FRAME_MAX: usize = 4 << 20;
/// Most entries in one frame.
pub const FRAME_ENTRIES_MAX: usize = 4_096;
/// Longest writer name in bytes.
pub const WRITER_MAX: usize = 32;
/// Bytes that may wait for the sequencer (64 MiB); beyond that a submit is refused, not queued.
pub const QUEUE_MAX: usize = 64 << 20;
/// Checkpoint requests that may wait.
pub const QUEUE_CHECKPOINTS_MAX: usize = 1_024;
/// Largest size at which a segment may be told to roll, in bytes (1 GiB).
pub const SEGMENT_MAX: u64 = 1 << 30;
/// Largest preallocation step, in bytes (64 MiB).
pub const STEP_MAX: u32 = 64 << 20;
/// Largest checkpoint file read back, in bytes.
pub const CHECKPOINT_MAX: u64 = 16 << 10;
/// Frame magics tried when looking for a valid frame behind a damaged one; each try may hash a whole frame, so
/// the number bounds the work that a hostile file can cause.
pub(crate) const RESYNC_MAX: usize = 1_024;
