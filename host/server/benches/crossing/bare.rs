//! The floor: the same guest in a bare embedding with the same engine, whose one import answers at once. It has no gate,
//! no budget but fuel, and no record.

use casemate_bindings::AgentPre;
use casemate_bindings::casemate::agent::types::Refusal;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

/// A component that is ready to be instantiated.
pub(crate) struct Bare {
    engine: Engine,
    agent: AgentPre<()>,
}

impl Bare {
    pub(crate) fn new(engine: &Engine, component: &[u8]) -> Self {
        let mut linker = Linker::<()>::new(engine);
        linker.instance("casemate:agent/types@0.1.0").unwrap();
        let mut clock = linker.instance("casemate:agent/clock@0.1.0").unwrap();
        clock
            .func_wrap_async("now", |_store, (): ()| Box::new(async { Ok((Ok::<u64, Refusal>(1_767_225_600_000),)) }))
            .unwrap();
        // Every agent of the SDK imports it, for panics.
        let mut fault = linker.instance("casemate:agent/fault@0.1.0").unwrap();
        fault.func_wrap("panicked", |_store, _: (String, String, u32, u32)| Ok(())).unwrap();
        let component = Component::from_binary(engine, component).unwrap();
        let agent = AgentPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        Self { engine: engine.clone(), agent }
    }

    pub(crate) async fn run(&self) -> String {
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(1_000_000_000).unwrap();
        store.set_epoch_deadline(1_000_000);
        let instance = self.agent.instantiate_async(&mut store).await.unwrap();
        instance.call_run(&mut store, "null").await.unwrap().unwrap()
    }
}
