//! Components that are made to blow up whoever reads, checks or compiles them. They are made here, since they are
//! megabytes. It doesn't know the compiler's limits, only the verdict.

use std::fmt::Write as _;

use super::assemble::{manifest, with_manifest};
use super::judged::{judge, run_bytes};
use super::script::{Guest, Verdict};
use crate::host::{Host, Tested};

/// A bomb: its name, its attack, its verdict, and what makes it.
type Bomb = (&'static str, &'static str, Expected, fn() -> String);

enum Expected {
    Admission(&'static str),
    Done,
}

use Expected::{Admission, Done};

const BOMBS: [Bomb; 12] = [
    ("bomb-large-function", "One function of two million instructions.", Admission("component-compile-limit"), || {
        core(&format!("(func (param i32) (result i32) local.get 0 {})", "i32.const 7 i32.mul ".repeat(1_000_000)))
    }),
    ("bomb-locals", "A function with as many locals as the standard lets it have, all of them alive.", Done, || {
        core(&format!("(func (param i32) (local {}))", "i64 ".repeat(49_000)))
    }),
    ("bomb-locals-alive", "20,000 locals, each set from the others in a loop.", Admission("component-compile-limit"), || {
        let body: String = (0..20_000).fold(String::new(), |mut body, at| {
            let _always = write!(body, "local.get {} local.get {} i64.add local.set {at} ", (at * 7) % 20_000, (at * 13) % 20_000);
            body
        });
        core(&format!("(func (local {}) loop {body} br 0 end)", "i64 ".repeat(20_000)))
    }),
    ("bomb-nested-blocks", "100,000 blocks inside each other.", Admission("component-compile-limit"), || {
        core(&format!("(func {} {})", "block ".repeat(100_000), "end ".repeat(100_000)))
    }),
    ("bomb-nested-loops", "5,000 loops inside each other, each with a way out of all of them.", Admission("component-compile-limit"), || {
        core(&format!("(func (param i32) {} {})", "loop local.get 0 br_if 0 ".repeat(5_000), "end ".repeat(5_000)))
    }),
    ("bomb-jump-table", "Jump tables of 60,000 ways, a hundred of them.", Admission("component-compile-limit"), || {
        let table = format!("block local.get 0 br_table {} end ", "0 ".repeat(60_000));
        core(&format!("(func (param i32) {})", table.repeat(100)))
    }),
    ("bomb-many-functions", "100,000 functions.", Admission("component-compile-limit"), || {
        core(&"(func (param i32) (result i32) local.get 0 i32.const 3 i32.mul)".repeat(100_000))
    }),
    ("bomb-many-types", "200,000 types of functions.", Admission("component-malformed"), || {
        core(&(0..200_000).fold(String::new(), |mut types, at| {
            let _always = write!(types, "(type (func (param {})))", ["i32", "i64", "f32"][at % 3]);
            types
        }))
    }),
    ("bomb-many-globals", "A million globals.", Done, || core(&"(global i64 (i64.const 1))".repeat(900_000))),
    ("bomb-many-segments", "100,000 segments of data, for the same place.", Done, || {
        core(&format!("(memory 1){}", "(data (i32.const 8) \"aaaaaaaa\")".repeat(99_000)))
    }),
    ("bomb-nested-components", "1,000 components inside each other.", Admission("component-malformed"), || {
        let (open, close) = ("(component ".repeat(1_000), ")".repeat(1_000));
        format!("(component {open}{close} {AGENT})")
    }),
    ("bomb-doubling-instances", "30 components, each of which has the one before it twice: a billion at the end.", Admission("component-malformed"), || {
        let mut text = "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
        for level in 1..30 {
            let below = level - 1;
            text = format!("(component $c{level} {text} (instance (instantiate $c{below})) (instance (instantiate $c{below})))");
        }
        format!("(component {text} (instance (instantiate $c29)) {AGENT})")
    }),
];

/// An agent that ends at once, beside which the bomb stands.
const AGENT: &str = r#"
    (core module $libc (memory (export "memory") 1)
      (data (i32.const 2048) "\00\00\00\00\10\00\00\00\04\00\00\00") (data (i32.const 16) "true")
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
      (func (export "run") (param i32 i32) (result i32) i32.const 2048))
    (core instance $i (instantiate $libc))
    (type $r (record (field "code" u16) (field "name" string) (field "message" string) (field "remedy" string)))
    (export $refusal "refusal" (type $r))
    (type $f (variant (case "refused" $refusal) (case "invalid-input" string) (case "failed" string)))
    (export $failure "failure" (type $f))
    (func (export "run") (param "input" string) (result (result string (error $failure)))
      (canon lift (core func $i "run") (memory $i "memory") (realloc (func $i "cabi_realloc"))))"#;

/// A component with a module of these fields, which is instantiated.
fn core(fields: &str) -> String {
    format!("(component (core module $bomb {fields}) (core instance (instantiate $bomb)) {AGENT})")
}

fn guest((name, attack, expected, _): &Bomb) -> Guest {
    Guest {
        name: (*name).to_owned(),
        attack: (*attack).to_owned(),
        verdict: match expected {
            Admission(code) => Verdict::Admission((*code).to_owned()),
            Done => Verdict::Done,
        },
        says: Vec::new(),
        result: None,
        grants: Vec::new(),
        budget: Vec::new(),
        rows: "open, end 0".to_owned(),
        manifest: true,
        text: String::new(),
    }
}

/// The bombs as guests.
pub(super) fn all() -> impl Iterator<Item = Guest> {
    BOMBS.iter().map(guest)
}

fn go_off_harmlessly(bombs: &[Bomb]) -> Tested {
    let host = Host::without_database()?;
    let mut wrong = Vec::new();
    for bomb in bombs {
        let guest = guest(bomb);
        let bytes = with_manifest(wat::parse_str(bomb.3())?, &manifest(&guest.name, &[])?);
        let measured = run_bytes(&host, &guest, &bytes).map_err(|error| format!("{}: {error}", guest.name))?;
        let (size, peak, took) = (bytes.len() >> 10, measured.peak >> 20, measured.took.as_millis());
        println!("{}: {size} KiB, {peak} MiB, {took} ms", guest.name);
        wrong.extend(judge(&host, &guest, &measured)?.into_iter().map(|what| format!("{}: {what}", guest.name)));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn first_half() -> Tested {
    go_off_harmlessly(BOMBS.split_at(6).0)
}

#[test]
fn second_half() -> Tested {
    go_off_harmlessly(BOMBS.split_at(6).1)
}
