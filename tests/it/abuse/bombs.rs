//! Components that are made to blow up whoever reads, checks or compiles them. They are made here, since they are
//! megabytes. It doesn't know the compiler's limits, only the verdict.

use std::fmt::Write as _;

use super::assemble::{manifest, section, with_manifest};
use super::judged::{judge, run_bytes};
use super::script::{Guest, Verdict};
use crate::host::{Host, Tested};

/// A bomb: its name, its attack, its verdict, and what makes it.
type Bomb = (&'static str, &'static str, Expected, fn() -> Tested<Vec<u8>>);

enum Expected {
    Admission(&'static str),
    Done,
}

use Expected::{Admission, Done};

const BOMBS: [Bomb; 9] = [
    ("bomb-nested-blocks", "300,000 blocks inside each other: time.", Admission("component-compile-limit"), || {
        core(&format!("(func {} {})", "block ".repeat(300_000), "end ".repeat(300_000)))
    }),
    ("bomb-jump-tables", "A hundred jump tables of 60,000 ways: memory.", Admission("component-compile-limit"), || {
        let table = format!("block local.get 0 br_table {} end ", "0 ".repeat(60_000));
        core(&format!("(func (param i32) {})", table.repeat(100)))
    }),
    ("bomb-nested-loops", "3,000 loops inside each other, each with a way out.", Done, || {
        core(&format!("(func (param i32) {} {})", "loop local.get 0 br_if 0 ".repeat(3_000), "end ".repeat(3_000)))
    }),
    ("bomb-locals", "A function with nearly as many locals as the standard lets it have.", Done, || {
        core(&format!("(func (param i32) (local {}))", "i64 ".repeat(49_000)))
    }),
    ("bomb-many-types", "200,000 types of functions.", Done, || {
        core(&(0..200_000).fold(String::new(), |mut types, at| {
            let _always = write!(types, "(type (func (param {})))", if at % 3 == 0 { "i32" } else { "i64" });
            types
        }))
    }),
    (
        "bomb-many-globals",
        "900,000 globals, for each of which a compiler holds twenty times its size in the file.",
        Admission("component-too-complex"),
        || core(&"(global i64 (i64.const 1))".repeat(900_000)),
    ),
    ("bomb-many-segments", "99,000 segments of data, all for the same place.", Done, || {
        core(&format!("(memory 1){}", "(data (i32.const 8) \"aaaaaaaa\")".repeat(99_000)))
    }),
    ("bomb-nested-components", "1,000 components inside each other.", Admission("component-too-complex"), || {
        let inner = (0..1_000).fold(PREAMBLE.to_vec(), |inner, _| [PREAMBLE.to_vec(), section(4, &inner)].concat());
        Ok([wat::parse_str(format!("(component {AGENT})"))?, section(4, &inner)].concat())
    }),
    (
        "bomb-doubling-instances",
        "14 components, each of which has the one before it twice: 8,192 instances.",
        Admission("component-resources"),
        || {
            let mut text = "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
            for level in 1..14 {
                let below = level - 1;
                text = format!(
                    "(component $c{level} {text} (instance (instantiate $c{below})) (instance (instantiate $c{below})))"
                );
            }
            Ok(wat::parse_str(format!("(component {text} (instance (instantiate $c13)) {AGENT})"))?)
        },
    ),
];

/// Bytes of code that the host takes from its compiler for any component, however small.
const CODE_BYTES: u64 = 64 << 20;

/// What every component begins with.
const PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";

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
fn core(fields: &str) -> Tested<Vec<u8>> {
    Ok(wat::parse_str(format!("(component (core module $bomb {fields}) (core instance (instantiate $bomb)) {AGENT})"))?)
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
        // They hold nothing, but the host holds what the compiler makes of them.
        budget: vec![("memory".to_owned(), CODE_BYTES)],
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
        let bytes = with_manifest(bomb.3()?, &manifest(&guest.name, &[])?);
        let judged = run_bytes(&host, &guest, &bytes).map_err(|error| format!("{}: {error}", guest.name))?;
        let (size, peak, took) = (bytes.len() >> 10, judged.measured.peak >> 20, judged.measured.took.as_millis());
        println!("{}: {size} KiB, {peak} MiB, {took} ms", guest.name);
        wrong.extend(judge(&host, &guest, &judged)?.into_iter().map(|what| format!("{}: {what}", guest.name)));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn for_the_compilers_time() -> Tested {
    go_off_harmlessly(BOMBS.split_at(1).0)
}

#[test]
fn for_everything_else() -> Tested {
    go_off_harmlessly(BOMBS.split_at(1).1)
}
