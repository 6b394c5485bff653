//! Whether a guest can tell a pooled host from one that allocates on demand, or a fresh place in the pool from one that
//! another guest had before: random programs have to come to the same result or trap, for the same fuel. It doesn't
//! know what the programs mean.

mod program;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use casemate_gate::budget::Limits;
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, Trap};

use super::alone;
use super::engine::{self, Ticking};
use super::limiter::Limiter;
use super::profile::Optimisation;

/// Fuel of one program: enough to come to an end, not enough to loop for long.
const FUEL: u64 = 400_000;
/// Bytes that a program may hold: it reaches this limit by memories and by tables.
const MEMORY: u64 = 1 << 20;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    result: Result<u64, String>,
    fuel_left: u64,
    /// Bytes that were charged for it.
    held: u64,
}

async fn run(engine: &Engine, component: &[u8], inputs: (u64, u64)) -> wasmtime::Result<End> {
    let component = Component::new(engine, component)?;
    let limits = Limits { fuel: FUEL, memory: MEMORY, wall_clock: 1, calls: 1, log_bytes: 1, result_bytes: 1 };
    let meter = alone::meter(limits)?;
    let mut store = Store::new(engine, Limiter::new(Arc::clone(&meter)));
    store.limiter(|limiter| limiter);
    store.set_epoch_deadline(1 << 40);
    store.set_fuel(FUEL)?;
    let instance = Linker::new(engine).instantiate_async(&mut store, &component).await?;
    store.set_fuel(FUEL)?;
    let function = instance.get_typed_func::<(u64, u64), (u64,)>(&mut store, "run")?;
    let result = match function.call_async(&mut store, inputs).await {
        Ok((result,)) => Ok(result),
        Err(error) => Err(error.downcast_ref::<Trap>().map_or_else(|| format!("{error:?}"), ToString::to_string)),
    };
    Ok(End { result, fuel_left: store.get_fuel()?, held: meter.used(casemate_gate::budget::Resource::Memory) })
}

/// Both engines, and what async calls run on.
fn engines() -> (Ticking, Engine, Runtime) {
    let (pooled, on_demand) = (Ticking::start().unwrap(), engine::on_demand(Optimisation::Speed).unwrap());
    assert!(pooled.pooling_allocator_metrics().is_some(), "this machine has room for the pool");
    assert!(on_demand.pooling_allocator_metrics().is_none());
    (pooled, on_demand, Builder::new_current_thread().build().unwrap())
}

#[test]
fn a_guest_cannot_tell_how_its_memory_was_allocated() {
    let (pooled, on_demand, runtime) = engines();
    let ends = RefCell::new(BTreeMap::<String, usize>::new());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 320, ..ProptestConfig::default() });
    let programs = (program::text(), any::<u64>(), any::<u64>());
    let found = runner.run(&programs, |(text, one, other)| {
        let component = wat::parse_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let run = |engine: &Engine| {
            let ended = runtime.block_on(run(engine, &component, (one, other)));
            ended.map_err(|error| TestCaseError::fail(format!("{error:?}")))
        };
        let fresh = run(&on_demand)?;
        prop_assert_eq!(&run(&pooled)?, &fresh, "pooled");
        prop_assert_eq!(&run(&pooled)?, &fresh, "pooled, in a place that was used");
        prop_assert!(fresh.held <= MEMORY);
        let end = fresh.result.map_or_else(|trap| trap, |_| "a result".to_owned());
        *ends.borrow_mut().entry(end).or_default() += 1;
        Ok(())
    });
    let ends = ends.into_inner();
    println!("{ends:#?}");
    assert!(found.is_ok(), "{found:?}");
    // A generator whose programs all end in one way would show nothing.
    for end in ["a result", "fuel", "out of bounds memory", "unreachable"] {
        assert!(ends.keys().any(|known| known.contains(end)), "no program ended by `{end}`: {ends:?}");
    }
}

/// What one allocator allows and the other doesn't would be for the guest to see: tables end at the same size.
#[test]
fn tables_end_at_the_same_size() {
    let (pooled, on_demand, runtime) = engines();
    let text = "(component (core module $m (table 0 funcref)
        (func (export \"run\") (param i64 i64) (result i64)
          (loop $more (br_if $more
            (i32.ge_s (table.grow (ref.null func) (i32.const 50)) (i32.const 0))))
          (i64.extend_i32_u (table.size))))
        (core instance $i (instantiate $m))
        (func (export \"run\") (param \"one\" u64) (param \"other\" u64) (result u64) (canon lift (core func $i \"run\"))))";
    let component = wat::parse_str(text).unwrap();
    let ends = [&*pooled, &on_demand].map(|engine| runtime.block_on(run(engine, &component, (0, 0))).unwrap());
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0].result, Ok(super::pool::TABLE_ELEMENTS as u64));
}
