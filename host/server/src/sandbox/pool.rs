//! The pool of instances: how many agents can live at once, and who waits when it is full. A run that finds no room
//! waits its turn; it is never refused for it. It doesn't know what the instances do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Enabled, Engine, PoolingAllocationConfig};

/// Agents of ordinary size that live at one time.
pub(super) const INSTANCES: u32 = 2048;
/// Core instances, memories and tables that one share of the pool stands for: what a Rust agent takes.
const CORE_INSTANCES_A_SHARE: u32 = 4;
const MEMORIES_A_SHARE: u32 = 1;
const TABLES_A_SHARE: u32 = 2;

/// Core instances of one component: a Python agent's interpreter is linked from 14, or from 38 where a stub stands for each
/// interface of WASI that it doesn't import.
pub(super) const CORE_INSTANCES: u32 = 40;
/// Memories of one component.
pub(super) const MEMORIES: u32 = 4;
/// Tables of one component.
pub(super) const TABLES: u32 = 16;
/// Elements of one table: more than any agent that we have seen; each takes a pointer.
pub(super) const TABLE_ELEMENTS: usize = 100_000;
/// Bytes of wasmtime's own structures for one core instance or component instance.
const INSTANCE_BYTES: usize = 4 << 20;

/// How many shares of the pool a component takes: as many as its scarcest part needs.
pub(super) fn shares(core_instances: u32, memories: u32, tables: u32) -> u32 {
    [
        core_instances.div_ceil(CORE_INSTANCES_A_SHARE),
        memories.div_ceil(MEMORIES_A_SHARE),
        tables.div_ceil(TABLES_A_SHARE),
        1,
    ]
    .into_iter()
    .max()
    .unwrap_or(1)
}

/// What wasmtime sets aside at the start. It is address space: pages that no agent touched take no memory.
pub(super) fn allocation() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * CORE_INSTANCES_A_SHARE)
        .total_memories(INSTANCES * MEMORIES_A_SHARE)
        .total_tables(INSTANCES * TABLES_A_SHARE)
        .total_stacks(INSTANCES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        // Where there is no pool, a module may have as many memories and tables as its component.
        .max_tables_per_module(TABLES)
        .max_memories_per_module(MEMORIES)
        .max_component_instance_size(INSTANCE_BYTES)
        .max_core_instance_size(INSTANCE_BYTES)
        .table_elements(TABLE_ELEMENTS)
        // Most agents touch little: setting these bytes to zero is faster than giving their pages back. Where the kernel
        // can say which pages were touched, no others are.
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(16 << 10)
        .pagemap_scan(Enabled::Auto)
        // What stays resident for the next agent is bounded: these many slots of at most the bytes above.
        .max_unused_warm_slots(64);
    pool
}

/// Room in the pool.
pub(super) struct Pool {
    room: Arc<Semaphore>,
    waiting: AtomicU64,
    waited: AtomicU64,
    runs: AtomicU64,
    peak: AtomicU64,
}

/// The pool as it is now, for operators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolMetrics {
    /// Shares in all: ordinary agents that can live at once.
    pub shares: u64,
    /// Shares taken by agents that live.
    pub shares_taken: u64,
    /// Most shares that were taken at once.
    pub shares_taken_peak: u64,
    /// Runs that wait for room.
    pub runs_waiting: u64,
    /// Runs that had to wait for room, since the host started.
    pub runs_waited: u64,
    /// Runs that got room, since the host started.
    pub runs: u64,
    /// Component instances that live, by wasmtime's count; none where it allocates on demand.
    pub component_instances: u64,
    /// Linear memories that live, likewise.
    pub memories: u64,
    /// Stacks in use, likewise.
    pub stacks: u64,
    /// Bytes that stay resident in memories that nobody uses.
    pub unused_memory_bytes: u64,
}

impl Pool {
    pub(super) fn new() -> Self {
        Self {
            room: Arc::new(Semaphore::new(INSTANCES as usize)),
            waiting: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            runs: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        }
    }

    /// Waits until there is room for so many shares. `None` when the host is going down.
    pub(super) async fn enter(&self, shares: u32) -> Option<OwnedSemaphorePermit> {
        let shares = shares.min(INSTANCES);
        let permit = match Arc::clone(&self.room).try_acquire_many_owned(shares) {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = Waiting::begin(&self.waiting);
                self.waited.fetch_add(1, Ordering::Relaxed);
                Arc::clone(&self.room).acquire_many_owned(shares).await.ok()?
            }
        };
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.peak.fetch_max(self.taken(), Ordering::Relaxed);
        Some(permit)
    }

    fn taken(&self) -> u64 {
        u64::from(INSTANCES).saturating_sub(self.room.available_permits() as u64)
    }

    pub(super) fn metrics(&self, engine: &Engine) -> PoolMetrics {
        let inside = engine.pooling_allocator_metrics();
        let count = |of: fn(&wasmtime::PoolingAllocatorMetrics) -> u64| inside.as_ref().map_or(0, of);
        PoolMetrics {
            shares: INSTANCES.into(),
            shares_taken: self.taken(),
            shares_taken_peak: self.peak.load(Ordering::Relaxed),
            runs_waiting: self.waiting.load(Ordering::Relaxed),
            runs_waited: self.waited.load(Ordering::Relaxed),
            runs: self.runs.load(Ordering::Relaxed),
            component_instances: count(|inside| inside.component_instances()),
            memories: count(|inside| inside.memories() as u64),
            stacks: count(|inside| inside.stacks() as u64),
            unused_memory_bytes: count(|inside| inside.unused_memory_bytes_resident() as u64),
        }
    }
}

/// One run that waits; counted off when it stops waiting in whatever way.
struct Waiting<'w>(&'w AtomicU64);

impl<'w> Waiting<'w> {
    fn begin(waiting: &'w AtomicU64) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{INSTANCES, Pool, shares};
    use futures_util::FutureExt as _;

    #[test]
    fn a_full_pool_makes_runs_wait_and_refuses_none() {
        let pool = Pool::new();
        let most = pool.enter(INSTANCES - 1).now_or_never().flatten();
        let last = pool.enter(1).now_or_never().flatten();
        assert!(most.is_some() && last.is_some());
        let mut waiting = Box::pin(pool.enter(1));
        assert!((&mut waiting).now_or_never().is_none());
        assert_eq!(pool.waiting.load(super::Ordering::Relaxed), 1);
        drop(last);
        assert!(waiting.now_or_never().flatten().is_some(), "whoever leaves lets the next one in");
        assert_eq!(pool.waiting.load(super::Ordering::Relaxed), 0);
        assert!(pool.enter(u32::MAX).now_or_never().is_none(), "more than there is waits for all of it");
    }

    #[test]
    fn a_component_takes_as_many_shares_as_its_scarcest_part_needs() {
        assert_eq!(shares(3, 1, 2), 1);
        assert_eq!(shares(0, 0, 0), 1);
        assert_eq!(shares(14, 1, 2), 4);
        assert_eq!(shares(1, 4, 0), 4);
        assert_eq!(shares(1, 1, 16), 8);
    }
}
