//! `cargo xtask fuzz TARGET [SECONDS]`: builds a fuzz target with the fuzzer's counters, on the stable compiler, and lets it
//! look for inputs that break it. New ones stay in `fuzz/corpus`. It doesn't know what a target does.

use std::ffi::OsString;
use std::fs;

use crate::cargo;
use crate::error::Error;
use crate::workspace::Workspace;

/// The targets.
const TARGETS: [&str; 3] = ["pack", "manifest", "envelope"];
/// For how long, where nobody says.
const SECONDS: &str = "600";
/// Most bytes of an input.
const BYTES: u32 = 8192;
/// Counters for libFuzzer without a nightly compiler: the pass and its options are LLVM's.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// Builds a target and runs it.
pub(crate) fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<(), Error> {
    let known = |word: &&OsString| TARGETS.iter().any(|target| **word == **target);
    let Some(target) = arguments.first().filter(known) else {
        return Err(Error::new(format!("name a fuzz target: {}", TARGETS.join(", "))));
    };
    let seconds = arguments.get(1).map_or_else(|| SECONDS.into(), |seconds| seconds.to_string_lossy());
    let corpus = workspace.root.join("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus).map_err(|error| Error::file("make", &corpus, &error))?;
    let mut fuzz = cargo::command();
    fuzz.current_dir(&workspace.root).args(["run", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    // A named target keeps the flags away from build scripts and macros.
    fuzz.args(["--target-dir", "target/fuzz", "--target", &host_triple()?]).env("RUSTFLAGS", FLAGS);
    fuzz.arg("--bin").arg(target).arg("--").arg(format!("-max_total_time={seconds}"));
    fuzz.arg(format!("-max_len={BYTES}")).arg("-artifact_prefix=target/fuzz/").arg(&corpus);
    let status = fuzz.status().map_err(|error| Error::start(&fuzz, &error))?;
    if status.success() { Ok(()) } else { Err(Error::new("the fuzzer found something; its last words say what")) }
}

/// The machine's own target, as the compiler names it.
fn host_triple() -> Result<String, Error> {
    let mut rustc = std::process::Command::new("rustc");
    rustc.args(["--print", "host-tuple"]);
    let output = rustc.output().map_err(|error| Error::start(&rustc, &error))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
