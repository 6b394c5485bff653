//! What instances take: counted, and added up without ever passing the largest number. It doesn't know how a component
//! is written down.

/// Memories or tables together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// How many.
    pub count: u64,
    /// Bytes or elements at the start, all together.
    pub initial: u64,
    /// Bytes or elements that the largest one has at the start.
    pub largest: u64,
    /// Bytes or elements that they may grow to, all together; none where one of them names no limit of its own.
    pub maximum: Option<u64>,
}

/// What one instance takes before it does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// Instances of core modules.
    pub instances: u64,
    /// Memories, in bytes.
    pub memories: Extent,
    /// Tables, in elements.
    pub tables: Extent,
    /// Whether that is all: what an imported module or component takes can't be seen from here.
    pub is_whole: bool,
}

impl Extent {
    const NONE: Self = Self { count: 0, initial: 0, largest: 0, maximum: Some(0) };

    /// One memory or table.
    pub(super) const fn one(initial: u64, maximum: Option<u64>) -> Self {
        Self { count: 1, initial, largest: initial, maximum }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.initial = self.initial.saturating_add(other.initial);
        self.largest = self.largest.max(other.largest);
        self.maximum = self.maximum.zip(other.maximum).map(|(one, other)| one.saturating_add(other));
    }
}

impl Footprint {
    /// Nothing.
    pub(super) const NONE: Self = Self { instances: 0, memories: Extent::NONE, tables: Extent::NONE, is_whole: true };

    /// What can't be seen.
    pub(super) const UNKNOWN: Self = Self { is_whole: false, ..Self::NONE };

    pub(super) fn add(&mut self, other: Self) {
        self.instances = self.instances.saturating_add(other.instances);
        self.memories.add(other.memories);
        self.tables.add(other.tables);
        self.is_whole &= other.is_whole;
    }
}
