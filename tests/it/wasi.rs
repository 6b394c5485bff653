//! Components of other tool chains: what each family of WASI gives them, and that nothing of the world comes through.
//! Each test puts a few instructions into a component that imports everything.

mod files;
mod limits;
mod python;

use std::fs;

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{Said, number, text};

/// The families, as manifests and policies name them.
const FAMILIES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// A component that does this, with a manifest that asks for everything that WASI and a log need.
fn component(host: &Host, body: &str) -> Tested<String> {
    let whole = include_str!("wasi/probe.wat").replace(";; body", body);
    let bare = host.file("bare.wasm", wat::parse_str(&whole)?)?;
    let manifest = "[agent]\nname = \"probe\"\nversion = \"0.1.0\"\n\
        [[capability]]\ntool = \"log\"\nverbs = [\"write\"]\n\
        [[capability]]\ntool = \"clock\"\nverbs = [\"wait\"]\n"
        .to_owned()
        + &table(&FAMILIES, Some(1 << 20));
    let manifest = host.file("manifest.toml", manifest)?;
    let packed = host.beside("packed.wasm").display().to_string();
    host.ask(&["pack", &bare, "--manifest", &manifest, "--out", &packed])?.expect(0)?;
    Ok(packed)
}

/// The table `[wasi]` of a manifest or policy.
fn table(families: &[&str], scratch: Option<u64>) -> String {
    let scratch = scratch.map(|bytes| format!("scratch-bytes = {bytes}\n")).unwrap_or_default();
    format!("[wasi]\nfamilies = {families:?}\n{scratch}")
}

/// A policy that grants all families.
fn open() -> String {
    Policy::logging().text() + &table(&FAMILIES, None)
}

fn run(host: &Host, packed: &str, policy: &str) -> Tested<Said> {
    let policy = host.file("policy.toml", policy)?;
    let input = host.file("input.json", "{}")?;
    host.ask(&["run", packed, "--policy", &policy, "--input", &input, "--tenant", "acme"])
}

/// What the probe said when it did this.
fn said(host: &Host, body: &str, policy: &str) -> Tested<Vec<u64>> {
    let said = run(host, &component(host, body)?, policy)?;
    said.expect(0)?;
    numbers(&said)
}

fn numbers(said: &Said) -> Tested<Vec<u64>> {
    let result = said.result()?.pointer("/result").and_then(Value::as_array).ok_or("the probe says no numbers")?;
    result.iter().map(|word| Ok(u64::from_str_radix(word.as_str().unwrap_or_default(), 16)?)).collect()
}

/// The lines that were logged, each with its level.
fn logged(said: &Said) -> Vec<(String, String)> {
    let lines = said.of_type("log");
    lines.map(|line| (text(line, "/level").to_owned(), text(line, "/message").to_owned())).collect()
}

#[test]
fn every_family_is_refused_that_is_not_granted() -> Tested {
    let host = Host::without_database()?;
    let packed = component(&host, "(func (export \"run\") (param i32 i32) (result i32) unreachable)")?;
    for missing in FAMILIES {
        let families: Vec<&str> = FAMILIES.into_iter().filter(|family| *family != missing).collect();
        let said = run(&host, &packed, &(Policy::logging().text() + &table(&families, None)))?;
        said.is_error("component-imports", 3)?;
        let message = text(&said.error()?, "/message").to_owned();
        for family in FAMILIES {
            assert_eq!(message.contains(&format!("wasi:{family}/")), family == missing, "{missing}: {message}");
        }
    }
    run(&host, &packed, &Policy::logging().text())?.is_error("component-imports", 3)
}

#[test]
fn time_is_the_runs_own_and_goes_on_with_its_fuel() -> Tested {
    let host = Host::without_database()?;
    let body = r#"
        (func $difference (call $wall (i32.const 256))
          (call $say (i64.sub
            (i64.add (i64.mul (i64.load (i32.const 256)) (i64.const 1000000000)) (i64.load32_u (i32.const 264)))
            (call $monotonic))))
        (func (export "run") (param i32 i32) (result i32)
          (call $say (call $monotonic))
          (call $difference)
          (call $block (call $after (i64.const 5000000)))
          (call $say (call $monotonic))
          (call $difference)
          (call $block (call $after (i64.const 0)))
          (call $done))"#;
    let one = said(&host, body, &open())?;
    std::thread::sleep(std::time::Duration::from_millis(30));
    let two = said(&host, body, &open())?;
    assert_eq!((one[0], one[2]), (two[0], two[2]), "a monotonic clock is a function of the fuel: {one:x?} {two:x?}");
    assert!(one[2] - one[0] >= 5_000_000 && one[2] - one[0] < 6_000_000, "{one:?}");
    let (before, after) = (two[1], two[3]);
    assert!(after.abs_diff(before) < 100_000, "both clocks go on alike: {two:?}");
    assert!(one[1] < two[1], "the run's start is the calendar's: {one:?} {two:?}");
    Ok(())
}

#[test]
fn a_long_wait_burns_fuel_unless_waiting_is_granted() -> Tested {
    let host = Host::without_database()?;
    let body = r#"
        (data (i32.const 3000) "before")
        (func (export "run") (param i32 i32) (result i32)
          (local $ten i32)
          ;; What was drawn and read before the wait must be the same afterwards, or the run diverges.
          (i64.store (i32.const 3000) (i64.or (i64.and (call $random) (i64.const 0x0f0f0f0f0f0f0f0f)) (i64.const 0x4040404040404040)))
          (i64.store (i32.const 3008) (i64.or (i64.and (call $monotonic) (i64.const 0x0f0f0f0f0f0f0f0f)) (i64.const 0x4040404040404040)))
          (i32.store8 (i32.const 3016) (i32.const 10))
          (call $write (call $stdout) (i32.const 3000) (i32.const 17) (i32.const 256))
          (i32.store (i32.const 300) (call $after (i64.const 40000000)))
          (i32.store (i32.const 304) (call $after (i64.const 3600000000000)))
          (call $poll (i32.const 300) (i32.const 2) (i32.const 256))
          (call $say32 (i32.const 260))
          (call $say32 (i32.load (i32.const 256)))
          (call $block (i32.load (i32.const 300)))
          (call $say (call $monotonic))
          (call $done))"#;
    let packed = component(&host, body)?;
    let burned = run(&host, &packed, &open())?;
    burned.expect(0)?;
    assert_eq!(burned.of_type("parked").count(), 0, "{}", burned.stdout);
    assert_eq!(numbers(&burned)?[..2], [1, 0], "the first of the list was ready");
    assert!(number(burned.result()?, "/fuel_used") > 40_000_000, "{}", burned.stdout);

    let policy = Policy::logging().granting("clock", &["wait"], &[]).text() + &table(&FAMILIES, None);
    let parked = run(&host, &packed, &policy)?;
    parked.expect(0)?;
    assert_eq!(parked.of_type("parked").count(), 1, "{}", parked.stdout);
    assert_eq!(numbers(&parked)?[..2], [1, 0]);
    assert!(numbers(&parked)?[2] >= 40_000_000);
    assert!(number(parked.result()?, "/fuel_used") < 40_000_000, "{}", parked.stdout);

    let hour = body.replace("(i64.const 40000000)", "(i64.const 3600000000000)");
    let said = run(&host, &component(&host, &hour)?, &open())?;
    assert_eq!(said.expect(1)?.ended_by()?, 302, "{}", said.stdout);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn randomness_is_from_the_runs_seed_in_streams_of_its_own() -> Tested {
    let host = Host::without_database()?;
    let body = r#"
        (func (export "run") (param i32 i32) (result i32)
          (call $random-bytes (i64.const 16) (i32.const 256))
          (call $say64 (i32.load (i32.const 256)))
          (call $say (call $random))
          (call $say (call $insecure))
          (call $seed (i32.const 264))
          (call $say64 (i32.const 264))
          (call $say64 (i32.const 272))
          (call $random-bytes (i64.const 65536) (i32.const 256))
          (call $random-bytes (i64.const LENGTH) (i32.const 256))
          (call $done))"#;
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.extend(said(&host, &body.replace("LENGTH", "0"), &open())?);
    }
    assert_eq!(seen.len(), 10);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 10, "two runs and five streams have nothing in common");
    let too_long = run(&host, &component(&host, &body.replace("LENGTH", "65537"))?, &open())?;
    assert_eq!(too_long.expect(1)?.ended_by()?, 801, "{}", too_long.stdout);
    Ok(())
}

#[test]
fn what_is_printed_is_logged_line_by_line() -> Tested {
    let host = Host::without_database()?;
    let body = r#"
        (data (i32.const 3000) "one\ntw" "o from a@example.org\nre" "st" "oops\n")
        (func (export "run") (param i32 i32) (result i32)
          (local $out i32)
          (local.set $out (call $stdout))
          (call $write (local.get $out) (i32.const 3000) (i32.const 6) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 4))
          (call $write (local.get $out) (i32.const 3006) (i32.const 23) (i32.const 256))
          (call $write (call $stderr) (i32.const 3031) (i32.const 5) (i32.const 256))
          (call $write (call $stdout) (i32.const 3029) (i32.const 2) (i32.const 256))
          (call $read (call $stdin) (i64.const 10) (i32.const 256))
          (call $say8 (i32.const 256))
          (call $say8 (i32.const 260))
          (call $done))"#;
    let packed = component(&host, body)?;
    let said = run(&host, &packed, &open())?;
    said.expect(0)?;
    let lines = logged(&said);
    let [one, two, oops, rest] = lines.as_slice() else { return Err(format!("not four lines: {lines:?}").into()) };
    assert_eq!((one.0.as_str(), one.1.as_str()), ("info", "one"));
    assert!(two.1.starts_with("two from ") && !two.1.contains("a@example.org"), "it is screened: {two:?}");
    assert_eq!((oops.0.as_str(), oops.1.as_str()), ("warn", "oops"));
    assert_eq!(rest.1, "rest", "what has no end of line comes at the end");
    let calls: Vec<&str> = said.of_type("crossing").map(|line| text(line, "/tool")).collect();
    assert_eq!(calls, ["log.emit"; 4], "each is a call on record: {}", said.stdout);
    assert_eq!(numbers(&said)?, [0, 1, 1], "standard input is at its end");

    // Without the grant it goes nowhere.
    let quiet = Policy::closed().text() + &table(&FAMILIES, None);
    let said = run(&host, &packed, &quiet)?;
    said.expect(0)?;
    assert!(logged(&said).is_empty() && said.of_type("crossing").count() == 0, "{}", said.stdout);

    // A line that may not be logged is a failed write.
    let short = Policy::logging().run("log-bytes", 2).text() + &table(&FAMILIES, None);
    let said = run(&host, &packed, &short)?;
    assert_eq!(numbers(said.expect(0)?)?[0], 256, "last-operation-failed: {}", said.stdout);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn an_exit_ends_the_run_and_nothing_else() -> Tested {
    let host = Host::without_database()?;
    let body = r#"
        (data (i32.const 3000) "last words")
        (func (export "run") (param i32 i32) (result i32)
          (call $write (call $stdout) (i32.const 3000) (i32.const 10) (i32.const 256))
          (call $exit (i32.const STATUS))
          unreachable)"#;
    let well = run(&host, &component(&host, &body.replace("STATUS", "0"))?, &open())?;
    assert_eq!(well.expect(0)?.result()?.pointer("/result"), Some(&json!(null)), "{}", well.stdout);
    assert_eq!(logged(&well), [("info".to_owned(), "last words".to_owned())]);
    let badly = run(&host, &component(&host, &body.replace("STATUS", "1"))?, &open())?;
    assert_eq!(badly.expect(1)?.ended_by()?, 802, "{}", badly.stdout);
    assert!(text(badly.result()?, "/refusal/message").contains("exited with status 1"), "{}", badly.stdout);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn the_environment_is_empty_and_no_socket_is_made() -> Tested {
    let host = Host::without_database()?;
    let body = r#"
        (data (i32.const 3000) "localhost")
        (func (export "run") (param i32 i32) (result i32)
          (call $environment (i32.const 256)) (call $say32 (i32.const 260))
          (call $arguments (i32.const 256)) (call $say32 (i32.const 260))
          (call $directory (i32.const 256)) (call $say8 (i32.const 256))
          (call $terminal (i32.const 256)) (call $say8 (i32.const 256))
          (call $directories (i32.const 256)) (call $say32 (i32.const 260))
          (call $tcp (i32.const 0) (i32.const 256)) (call $say-code (i32.const 256) (i32.const 4))
          (call $tcp (i32.const 1) (i32.const 256)) (call $say-code (i32.const 256) (i32.const 4))
          (call $udp (i32.const 0) (i32.const 256)) (call $say-code (i32.const 256) (i32.const 4))
          (call $udp (i32.const 1) (i32.const 256)) (call $say-code (i32.const 256) (i32.const 4))
          (call $resolve (call $network) (i32.const 3000) (i32.const 9) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 4))
          (call $done))"#;
    // 1 is `access-denied`.
    assert_eq!(said(&host, body, &open())?, [0, 0, 0, 0, 0, 257, 257, 257, 257, 257]);
    Ok(())
}

#[test]
fn packing_takes_components_without_a_manifest_and_nothing_else() -> Tested {
    let host = Host::empty()?;
    let manifest = host.file("casemate.toml", "[agent]\nname = \"a\"\nversion = \"1\"\n")?;
    let out = host.beside("out.wasm").display().to_string();
    let pack = |bytes: &[u8], manifest: &str| {
        let path = host.file("in.wasm", bytes)?;
        host.ask(&["pack", &path, "--manifest", manifest, "--out", &out])
    };
    let component = wat::parse_str("(component)")?;
    pack(&component, &manifest)?.expect(0)?;
    let packed = fs::read(&out)?;
    assert_eq!(crate::component::without_section(&packed, "casemate:manifest")?, component);
    fs::remove_file(&out)?;
    pack(&packed, &manifest)?.is_error("component-has-manifest", 3)?;
    pack(b"\0asm\x01\0\0\0", &manifest)?.is_error("component-module", 3)?;
    pack(b"nothing", &manifest)?.is_error("component-malformed", 3)?;
    pack(&component[..9.min(component.len())], &host.file("bad.toml", "[agent]")?)?.is_error("policy-syntax", 3)?;
    pack(&component, &host.beside("missing.toml").display().to_string())?.is_error("manifest-file", 3)?;
    assert!(!host.beside("out.wasm").exists(), "what is refused writes nothing");
    Ok(())
}
