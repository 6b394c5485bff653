//! Whose turn it is on this host, and how far each tenant's queue was taken: what was taken before is not looked at again,
//! however long its versions stay. It doesn't know what is in a queue.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use casemate_gate::TenantId;
use casemate_jobs::fair::{Ring, Share};
use casemate_store::{Claimed, Place, Waiting};

/// How long a place is believed: a hint may become visible behind it, when its transaction took longer than others.
const BELIEVED: Duration = Duration::from_secs(2);

/// See the file's head.
#[derive(Default)]
pub(super) struct Turns {
    ring: Ring<TenantId>,
    places: HashMap<TenantId, HashMap<i16, i64>>,
    /// Shares of those with a cap: they may have work that waits for nothing but one of their runs to come back.
    capped: HashMap<TenantId, Share>,
    since: Option<Instant>,
}

impl Turns {
    /// Takes note of who has work.
    pub(super) fn found(&mut self, waiting: Vec<Waiting>) {
        if self.since.is_none_or(|since| since.elapsed() >= BELIEVED) {
            self.places.clear();
            self.capped.clear();
            self.since = Some(Instant::now());
        }
        for Waiting { tenant, ranks, weight, concurrency } in waiting {
            let share = Share { weight, cap: concurrency.unwrap_or(u32::MAX) };
            self.ring.ready(tenant, share);
            match concurrency {
                Some(_) => drop(self.capped.insert(tenant, share)),
                None => drop(self.capped.remove(&tenant)),
            }
            let places = self.places.entry(tenant).or_default();
            places.retain(|rank, _| ranks.contains(rank));
            for rank in ranks {
                places.entry(rank).or_default();
            }
        }
    }

    /// Whose turn it is, and how many it may claim.
    pub(super) fn next(&mut self, free: u32) -> Option<(TenantId, u32)> {
        self.ring.next(free)
    }

    /// From where the tenant's queue is to be taken.
    pub(super) fn places(&self, tenant: TenantId) -> Vec<Place> {
        let places = self.places.get(&tenant).into_iter().flatten();
        places.map(|(rank, place)| Place { rank: *rank, place: *place }).collect()
    }

    /// The tenant was given so many runs.
    pub(super) fn claimed(&mut self, tenant: TenantId, count: u32, claimed: &Claimed, most: u32) {
        let places = self.places.entry(tenant).or_default();
        for Place { rank, place } in &claimed.places {
            places.insert(*rank, *place);
        }
        self.ring.claimed(tenant, count);
        if u32::try_from(claimed.taken).unwrap_or(u32::MAX) < most {
            self.ring.gone(tenant);
        }
    }

    /// Nothing could be claimed for the tenant.
    pub(super) fn nothing(&mut self, tenant: TenantId) {
        self.ring.claimed(tenant, 0);
        self.ring.gone(tenant);
    }

    /// A run of the tenant's came back, after so long.
    pub(super) fn came_back(&mut self, tenant: TenantId, took: Duration) {
        self.ring.charged(tenant, super::super::millis(took).max(1));
        if let Some(share) = self.capped.get(&tenant) {
            self.ring.ready(tenant, *share);
        }
    }
}
