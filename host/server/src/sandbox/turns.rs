//! Whose turn it is: a tenant's guests run on so many threads at a time as there are processors, however many of them
//! want to, so that a tenant with a hundred busy guests leaves its neighbours theirs. A guest has its turn while it
//! computes, and gives it up when it waits for the host or an epoch's tick asks it to. It doesn't know what guests are.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;

use casemate_gate::TenantId;
use tokio::sync::Semaphore;

/// The turns of all tenants.
pub(super) struct Turns {
    at_once: usize,
    // Held for one look-up at a time. A tenant without guests takes no room for long: see `of`.
    tenants: Mutex<HashMap<TenantId, Weak<Semaphore>>>,
}

impl Turns {
    /// Turns of which a tenant has so many at once.
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, tenants: Mutex::new(HashMap::new()) }
    }

    /// A turn of the tenant's, not taken yet.
    pub(super) fn of(&self, tenant: TenantId) -> Turn {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = tenants.get(&tenant).and_then(Weak::upgrade).unwrap_or_else(|| {
            tenants.retain(|_, turns| turns.strong_count() > 0);
            let turns = Arc::new(Semaphore::new(self.at_once));
            tenants.insert(tenant, Arc::downgrade(&turns));
            turns
        });
        Turn(Arc::new(Place { turns: mine, taken: AtomicBool::new(false) }))
    }
}

/// One guest's turn.
#[derive(Clone)]
pub(super) struct Turn(Arc<Place>);

struct Place {
    turns: Arc<Semaphore>,
    taken: AtomicBool,
}

impl Turn {
    /// Waits for the turn. Who waited longest is next.
    pub(super) async fn take(&self) {
        if let Ok(permit) = self.0.turns.acquire().await {
            permit.forget();
            self.0.taken.store(true, Ordering::Release);
        }
    }

    /// Gives the turn to the next.
    pub(super) fn give_up(&self) {
        self.0.give_up();
    }

    /// Does the host's work for the guest. What it does at once, looking for personal data say, is done in the guest's
    /// turn; as soon as it has to wait for something, another guest may compute.
    pub(super) async fn around<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        if let Poll::Ready(done) = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
            return done;
        }
        self.give_up();
        let done = work.await;
        self.take().await;
        done
    }

    /// Gives the turn up and waits for the next one, behind everybody who waits already.
    pub(super) fn again(&self) -> impl Future<Output = ()> + Send + 'static {
        let turn = self.clone();
        async move {
            turn.give_up();
            // Others may be on this thread who don't wait for a turn of this tenant's.
            tokio::task::yield_now().await;
            turn.take().await;
        }
    }
}

impl Place {
    fn give_up(&self) {
        if self.taken.swap(false, Ordering::AcqRel) {
            self.turns.add_permits(1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.give_up();
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;
    use casemate_gate::TenantId;
    use futures_util::FutureExt as _;
    use uuid::Uuid;

    #[test]
    fn a_tenant_has_so_many_turns_and_others_have_theirs() {
        let turns = Turns::new(2);
        let (acme, globex) = (TenantId::from(Uuid::from_u128(1)), TenantId::from(Uuid::from_u128(2)));
        let guests: Vec<_> = (0..3).map(|_| turns.of(acme)).collect();
        assert!(guests[0].take().now_or_never().is_some());
        assert!(guests[1].take().now_or_never().is_some());
        assert!(guests[2].take().now_or_never().is_none(), "the third waits");
        assert!(turns.of(globex).take().now_or_never().is_some(), "a neighbour doesn't");
        guests[0].give_up();
        guests[0].give_up();
        assert!(guests[2].take().now_or_never().is_some(), "a turn that was given up is the next one's");
        assert!(guests[0].take().now_or_never().is_none(), "it was given up once only");
        drop(guests);
        assert!(turns.of(acme).take().now_or_never().is_some(), "a guest that is gone has no turn");
    }

    #[test]
    fn a_turn_is_kept_for_work_and_given_up_for_waiting() {
        let turns = Turns::new(1);
        let acme = TenantId::from(Uuid::from_u128(1));
        let (one, other) = (turns.of(acme), turns.of(acme));
        assert!(one.take().now_or_never().is_some());
        assert_eq!(one.around(async { 1 }).now_or_never(), Some(1));
        assert!(other.take().now_or_never().is_none(), "what was done at once was done in the turn");
        let mut waiting = Box::pin(one.around(std::future::pending::<()>()));
        assert!((&mut waiting).now_or_never().is_none());
        assert!(other.take().now_or_never().is_some(), "whoever waits lets others compute");
    }
}
