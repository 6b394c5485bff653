//! Profile `det-1`: every setting of the engine that could change what a run does, once, with its reason. What is set and
//! what is recorded of it with each run are made of the same lines. It doesn't know what runs under it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use casemate_gate::Digest;
use wasmtime::{Config, OperatorCost, OptLevel, VariableOperatorCost, WasmBacktraceDetails};

/// What the profile is called.
const NAME: &str = "det-1";
/// The engine's version, which Cargo.toml pins; a test compares them.
const WASMTIME: &str = "48.0.8";

/// What hosts recorded before every setting was named. The settings were those of today.
const BEFORE: &str = "det-1/wasmtime-48.0.8";

/// How far code is optimised. Another level makes other stack frames, and must make no other difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Optimisation {
    /// Not at all.
    None,
    /// For speed, as every run is.
    #[default]
    Speed,
}

impl Optimisation {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Speed => "speed",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Speed].into_iter().find(|level| level.name() == name)
    }
}

/// Makes a setting.
type Set = dyn Fn(&mut Config) -> wasmtime::Result<()>;

/// One setting: what it is called and has for a value, and how it is made.
struct Setting {
    name: &'static str,
    value: String,
    set: Box<Set>,
}

fn switch(name: &'static str, on: bool, set: fn(&mut Config, bool) -> &mut Config) -> Setting {
    let value = if on { "on" } else { "off" };
    Setting {
        name,
        value: value.to_owned(),
        set: Box::new(move |config| {
            set(config, on);
            Ok(())
        }),
    }
}

fn size(name: &'static str, bytes: usize, set: fn(&mut Config, usize) -> &mut Config) -> Setting {
    Setting {
        name,
        value: bytes.to_string(),
        set: Box::new(move |config| {
            set(config, bytes);
            Ok(())
        }),
    }
}

/// What each operation burns.
fn costs() -> OperatorCost {
    OperatorCost {
        variable: VariableOperatorCost { memory_grow_per_page: 100, ..VariableOperatorCost::default() },
        ..OperatorCost::default()
    }
}

/// The profile's settings without an allocator: pooled and on-demand allocation use the same code.
fn settings(optimisation: Optimisation) -> Vec<Setting> {
    // The processor's baseline, not what this machine happens to have: stack frames and results stay the same.
    let target = if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };
    // The whole table would be a page; its digest says whether it is the same.
    let table = Digest::of(format!("{:?}", costs()).as_bytes()).to_string();
    let level = match optimisation {
        Optimisation::None => OptLevel::None,
        Optimisation::Speed => OptLevel::Speed,
    };
    vec![
        Setting {
            name: "target",
            value: target.to_owned(),
            set: Box::new(move |config| config.target(target).map(drop)),
        },
        // Optimisation changes the size of stack frames, and so where recursion ends.
        Setting {
            name: "opt",
            value: optimisation.name().to_owned(),
            set: Box::new(move |config| {
                config.cranelift_opt_level(level);
                Ok(())
            }),
        },
        // Fuel decides how long a run may go on: the same program on the same input burns the same.
        switch("fuel", true, Config::consume_fuel),
        Setting {
            name: "costs",
            value: table.chars().take(16).collect(),
            set: Box::new(|config| {
                config.operator_cost(costs());
                Ok(())
            }),
        },
        // Epochs only make a guest give way, and end it by the wall clock.
        switch("epochs", true, Config::epoch_interruption),
        // The stack's size decides where recursion ends, so it is part of the profile.
        size("stack", 512 << 10, Config::max_wasm_stack),
        size("async-stack", 2 << 20, Config::async_stack_size),
        // One kind of NaN, no operation whose result is the processor's choice.
        switch("canonical-nan", true, Config::cranelift_nan_canonicalization),
        switch("relaxed-simd", false, Config::wasm_relaxed_simd),
        // No threads: their order would be the scheduler's choice.
        switch("threads", false, Config::wasm_threads),
        switch("shared-memory", false, Config::shared_memory),
        switch("stack-switching", false, Config::wasm_stack_switching),
        // What agents don't need and what has had most of the holes. The cargo features stay compiled in: builds without
        // them had holes of their own.
        switch("gc", false, Config::wasm_gc),
        switch("function-references", false, Config::wasm_function_references),
        switch("exceptions", false, Config::wasm_exceptions),
        switch("gc-support", false, Config::gc_support),
        switch("memory64", false, Config::wasm_memory64),
        // What copies a text from one component inside to another has both their memories: without several memories in one
        // module, wasmtime's own adapters are invalid and the compiler panics over them.
        switch("multi-memory", true, Config::wasm_multi_memory),
        // No asynchronous calls within a component (their cargo feature is off too): their order would have to be recorded.
        switch("components", true, Config::wasm_component_model),
        switch("concurrency", false, Config::concurrency_support),
        // Initialisation burns other fuel without it.
        switch("cow", true, Config::memory_init_cow),
        // A stranger's debug information is not parsed.
        Setting {
            name: "backtrace-details",
            value: "off".to_owned(),
            set: Box::new(|config| {
                config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
                Ok(())
            }),
        },
    ]
}

/// The engine's configuration, without an allocator.
pub(super) fn config(optimisation: Optimisation) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    settings(optimisation).iter().try_for_each(|setting| (setting.set)(&mut config))?;
    Ok(config)
}

/// The profile in words, as it is recorded with each run: its name, then settings as `name=value`.
#[must_use]
pub fn profile(optimisation: Optimisation) -> &'static str {
    static NONE: LazyLock<String> = LazyLock::new(|| words(Optimisation::None));
    static SPEED: LazyLock<String> = LazyLock::new(|| words(Optimisation::Speed));
    match optimisation {
        Optimisation::None => &NONE,
        Optimisation::Speed => &SPEED,
    }
}

fn words(optimisation: Optimisation) -> String {
    let mut words = format!("{NAME} wasmtime={WASMTIME}");
    for Setting { name, value, .. } in settings(optimisation) {
        let _infallible = write!(words, " {name}={value}");
    }
    words
}

/// Whether a run that was recorded under this profile can go on here.
#[must_use]
pub fn is_the_profile_of_runs(recorded: &str) -> bool {
    recorded == profile(Optimisation::default()) || recorded == BEFORE
}

/// A setting that two profiles have otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Which.
    pub name: String,
    /// As it was recorded; none where it wasn't named.
    pub then: Option<String>,
    /// As it is here.
    pub now: Option<String>,
}

impl Other {
    /// Whether it is the engine's version: then fuel is counted in another way, and doesn't compare.
    #[must_use]
    pub fn is_version(&self) -> bool {
        matches!(self.name.as_str(), "profile" | "wasmtime" | "costs")
    }
}

/// What differs between two profiles, by name.
#[must_use]
pub fn differing(then: &str, now: &str) -> Vec<Other> {
    let then = if then == BEFORE { profile(Optimisation::Speed) } else { then };
    let (then, now) = (parsed(then), parsed(now));
    let names: BTreeSet<_> = then.keys().chain(now.keys()).copied().collect();
    let of = |settings: &BTreeMap<&str, &str>, name: &str| settings.get(name).map(|value| (*value).to_owned());
    let others =
        names.into_iter().map(|name| Other { name: name.to_owned(), then: of(&then, name), now: of(&now, name) });
    others.filter(|other| other.then != other.now).collect()
}

fn parsed(profile: &str) -> BTreeMap<&str, &str> {
    let words = profile.split(' ').filter(|word| !word.is_empty());
    words.map(|word| word.split_once('=').unwrap_or(("profile", word))).collect()
}

#[cfg(test)]
mod tests {
    use super::{BEFORE, Optimisation, Other, WASMTIME, differing, is_the_profile_of_runs, profile};

    #[test]
    fn the_version_is_the_one_that_is_built_in() {
        let manifest = include_str!("../../../../Cargo.toml");
        assert!(manifest.contains(&format!("\nwasmtime = {{ version = \"={WASMTIME}\"")));
    }

    #[test]
    fn every_setting_is_named_once_and_differences_are_found() {
        let (speed, none) = (profile(Optimisation::Speed), profile(Optimisation::None));
        let mut names: Vec<_> = speed.split(' ').map(|word| word.split('=').next().unwrap_or_default()).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{speed}");
        let text = |text: &str| Some(text.to_owned());
        let level = Other { name: "opt".to_owned(), then: text("speed"), now: text("none") };
        assert_eq!(differing(speed, none), [level]);
        assert!(differing(BEFORE, speed).is_empty());
        assert!(is_the_profile_of_runs(speed) && is_the_profile_of_runs(BEFORE) && !is_the_profile_of_runs(none));
        let newer = speed.replace(WASMTIME, "49.0.0");
        assert!(differing(speed, &newer).iter().all(Other::is_version));
        assert_eq!(differing("", "det-1").len(), 1);
    }
}
