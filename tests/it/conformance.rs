//! The published `.wast` scripts of WebAssembly and of components, run by the engine that agents run on. Every script is
//! run; those that can't pass are listed with the reason, and a listed one that passes, or fails for another reason, is
//! as wrong as one that fails without being listed. It doesn't know what the scripts test.

mod expected;
mod reason;
mod suites;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use casemate_server::app::{App, Database};
use casemate_server::config::Config;
use wasmtime_wast::{Async, SpectestConfig, WastContext};

use crate::host::{Host, Tested};
use reason::Reason;
use suites::Script;

/// More than any script burns: one asks for as much memory as there are numbers, and pays for each page of it.
const FUEL: u64 = 1 << 62;
/// Ticks of the epoch: no script takes years.
const TICKS: u64 = 1 << 40;
/// Scripts nest deeper than a test's own stack allows.
const STACK: usize = 64 << 20;

/// Runs one script with the engine of a host.
fn run(app: &App, script: &Script) -> Option<Reason> {
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let mut context = WastContext::new(app.sandbox.engine(), Async::Yes, |store| {
            // Both are on in the profile, so a store has neither of its own.
            drop(store.set_fuel(FUEL));
            store.set_epoch_deadline(TICKS);
        });
        // What is said of an invalid module is not part of the standard; that it is refused is.
        context.ignore_error_messages(true);
        // The functions for components need asynchronous ones, which the profile has not; those for modules come first.
        let _modules_only =
            context.register_spectest(&SpectestConfig { use_shared_memory: false, suppress_prints: true });
        context.run_wast(&script.name, &script.text)
    }));
    match tried {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Reason::of(&format!("{error:?}"))),
        Err(_) => Some(Reason::Panic),
    }
}

fn conform(suite: &str) -> Tested {
    let expected = expected::of(suite)?;
    let scripts = suites::scripts(suite)?;
    let host = Host::empty()?;
    let config = Config::of_directory(host.data());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let app = runtime.block_on(App::open(&config, Database::NotNeeded))?;
    let found: BTreeMap<&str, Reason> = thread::scope(|scope| {
        let all = || scripts.iter().filter_map(|script| Some((script.name.as_str(), run(&app, script)?))).collect();
        let running = thread::Builder::new().name("scripts".to_owned()).stack_size(STACK).spawn_scoped(scope, all)?;
        running.join().map_err(|_| "the scripts' thread panicked".into())
    })
    .map_err(|error: Box<dyn std::error::Error>| error)?;
    runtime.block_on(app.close())?;
    let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
    found.values().for_each(|reason| *counts.entry(reason.clone()).or_default() += 1);
    println!("{suite}: {} scripts, {} passed; {counts:?}", scripts.len(), scripts.len() - found.len());
    expected::compare(suite, &expected, &found)
}

macro_rules! suites {
    ($($test:ident: $suite:literal;)+) => {
        $(#[test]
        fn $test() -> Tested {
            conform($suite)
        })+

        #[test]
        fn every_suite_has_a_test() -> Tested {
            let mut listed = expected::suites()?;
            let mut tested = vec![$($suite.to_owned()),+];
            listed.sort();
            tested.sort();
            assert_eq!(listed, tested);
            assert_eq!(suites::all(), tested);
            Ok(())
        }
    };
}

suites! {
    core_1: "core-1";
    core_2: "core-2";
    core_3: "core-3";
    proposals: "proposals";
    components: "components";
    tools: "tools";
}
