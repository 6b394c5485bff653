//! One call of a guest to WASI: what it costs, and what it may look at. It doesn't know what is called.

use std::future::Future;
use std::pin::Pin;

use casemate_gate::budget::Resource as Budget;
use casemate_gate::{Refusal, Reply, Request};
use wasmtime::component::{ComponentNamedList, Lift, LinkerInstance, Lower, Resource, ResourceType};
use wasmtime::{AsContextMut as _, StoreContextMut, Trap};

use super::scratch::Scratch;
use super::{RESOURCES, Wasi, breach};
use crate::crossing::Way;
use crate::sandbox::guest::{Guest, Unwind};
use crate::sandbox::imports::{self, CALL_FUEL};
use crate::tools::Instruments;

/// Charged to the run's memory for each resource that the host holds for it.
const RESOURCE_BYTES: u64 = 512;

/// The host's side of one call.
pub(super) struct Host<'a> {
    store: StoreContextMut<'a, Guest>,
}

/// What a call that may wait comes to.
pub(super) type Waiting<'a, R> = Pin<Box<dyn Future<Output = wasmtime::Result<R>> + Send + 'a>>;

/// Defines a function that answers at once.
pub(super) fn define<P, R>(
    interface: &mut LinkerInstance<'_, Guest>,
    name: &str,
    work: impl Fn(&mut Host<'_>, P) -> wasmtime::Result<R> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + 'static,
    R: ComponentNamedList + Lower + 'static,
{
    interface.func_wrap(name, move |store, arguments: P| work(&mut Host::enter(store)?, arguments))
}

/// Defines a function that may cross or let time pass.
pub(super) fn define_waiting<P, R>(
    interface: &mut LinkerInstance<'_, Guest>,
    name: &str,
    work: impl for<'a> Fn(Host<'a>, P) -> Waiting<'a, R> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + 'static,
    R: ComponentNamedList + Lower + 'static,
{
    interface.func_wrap_async(name, move |store, arguments: P| match Host::enter(store) {
        Ok(host) => Box::new(work(host, arguments)),
        Err(error) => Box::new(async move { Err(error) }),
    })
}

/// Defines a resource whose values are in the guest's table.
pub(super) fn define_resource<T: Held>(interface: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<()> {
    interface.resource(name, ResourceType::host::<T>(), |store, number| {
        let mut host = Host { store };
        let held = host.wasi().table.delete(Resource::<T>::new_own(number))?;
        host.release(RESOURCE_BYTES);
        if let Some(scratch) = &mut host.wasi().scratch {
            held.let_go(scratch);
        }
        Ok(())
    })
}

/// A value that the host holds for a guest.
pub(super) trait Held: Send + 'static {
    /// Gives back what it holds of the scratch directory.
    fn let_go(self, _scratch: &mut Scratch)
    where
        Self: Sized,
    {
    }
}

impl<'a> Host<'a> {
    fn enter(mut store: StoreContextMut<'a, Guest>) -> wasmtime::Result<Self> {
        imports::charge(&mut store, CALL_FUEL)?;
        Ok(Self { store })
    }

    /// Charges the host's work on so many bytes.
    pub(super) fn charge(&mut self, bytes: usize) -> wasmtime::Result<()> {
        imports::charge(&mut self.store, bytes as u64)
    }

    /// Burns fuel, and ends the run when it has less.
    pub(super) fn burn(&mut self, fuel: u64) -> wasmtime::Result<()> {
        let left = self.store.get_fuel()?;
        imports::charge(&mut self.store, fuel)?;
        if left > fuel { Ok(()) } else { Err(Trap::OutOfFuel.into()) }
    }

    pub(super) fn wasi(&mut self) -> &mut Wasi {
        &mut self.store.data_mut().wasi
    }

    pub(super) fn fuel_used(&self) -> wasmtime::Result<u64> {
        Ok(self.store.data().fuel_used(self.store.get_fuel()?))
    }

    pub(super) fn instruments(&self) -> &Instruments {
        self.store.data().passage.instruments()
    }

    /// Nanoseconds on the run's monotonic clock, which stood at zero when the run was started.
    pub(super) fn monotonic_ns(&self) -> wasmtime::Result<u64> {
        Ok(self.instruments().elapsed_ns(self.fuel_used()?))
    }

    /// Takes a request across, like any call of the guest's own.
    pub(super) async fn cross(&mut self, request: Request) -> wasmtime::Result<Result<Reply, String>> {
        let answer = imports::cross(self.store.as_context_mut(), request).await?;
        Ok(answer.map_err(|refusal| format!("{} [{} {}]", refusal.message, refusal.code, refusal.name)))
    }

    /// Keeps a value for the guest.
    pub(super) fn hold<T: Held>(&mut self, value: T) -> wasmtime::Result<Resource<T>> {
        self.take(RESOURCE_BYTES)?;
        match self.wasi().table.push(value) {
            Ok(resource) => Ok(resource),
            Err(_) => breach(format!("more than {RESOURCES} files, streams, pollables and errors are held at once")),
        }
    }

    pub(super) fn held<T: Held>(&mut self, resource: &Resource<T>) -> wasmtime::Result<&mut T> {
        Ok(self.wasi().table.get_mut(resource)?)
    }

    /// Whether the guest can be given one more value.
    pub(super) fn has_room(&mut self) -> bool {
        let table = &mut self.wasi().table;
        table.iter_mut().count() < table.max_capacity()
    }

    /// Charges memory that the host holds for the guest. The guest can't be told, so it ends where there is none left.
    pub(super) fn take(&mut self, bytes: u64) -> wasmtime::Result<()> {
        let guest = self.store.data_mut();
        match guest.passage.meter().grow(bytes) {
            Ok(true) => Ok(()),
            Ok(false) => {
                guest.limiter.at_cap = Some(bytes);
                Err(wasmtime::Error::new(Unwind))
            }
            Err(refusal) => self.stop(refusal),
        }
    }

    fn release(&mut self, bytes: u64) {
        self.store.data().passage.meter().give_back(Budget::Memory, bytes);
    }

    /// Ends the run by a refusal.
    pub(super) fn stop<T>(&mut self, refusal: Refusal) -> wasmtime::Result<T> {
        self.store.data_mut().ended = Some(Way::Stop(refusal));
        Err(wasmtime::Error::new(Unwind))
    }

    /// Ends the run as the guest wishes.
    pub(super) fn exit<T>(&mut self, status: u8) -> wasmtime::Result<T> {
        self.wasi().exited = Some(status);
        Err(wasmtime::Error::new(Unwind))
    }
}
