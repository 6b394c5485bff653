//! What wasmtime and the host hold for a guest is bounded: handles, lists, buffers; and it is charged to its memory.

use super::{FAMILIES, component, logged, open, run, table};
use crate::host::{Host, Tested};
use crate::policy::Policy;

#[test]
fn handles_that_are_never_given_back_end_the_run() -> Tested {
    let host = Host::without_database()?;
    for make in ["call $stdout", "call $stdin", "call $network", "call $after (i64.const 0)"] {
        let body = format!(
            r#"(func (export "run") (param i32 i32) (result i32) (loop $more (drop ({make})) (br $more)) unreachable)"#
        );
        let said = run(&host, &component(&host, &body)?, &open())?;
        assert_eq!(said.expect(1)?.ended_by()?, 801, "{make}: {}", said.stdout);
        assert!(said.stdout.len() < 8192, "{make}: {}", said.stdout);
    }
    Ok(())
}

#[test]
fn a_list_of_pollables_has_an_end() -> Tested {
    let host = Host::without_database()?;
    for (length, status) in [(0, 1), (64, 0), (65, 1)] {
        let body = format!(
            r#"(func (export "run") (param i32 i32) (result i32)
              (local $at i32)
              (loop $more
                (i32.store (i32.add (i32.const 8192) (i32.mul (local.get $at) (i32.const 4))) (call $after (i64.const 0)))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $more (i32.lt_u (local.get $at) (i32.const {length}))))
              (call $poll (i32.const 8192) (i32.const {length}) (i32.const 256))
              (call $say32 (i32.const 260))
              (call $done))"#
        );
        let said = run(&host, &component(&host, &body)?, &open())?;
        said.expect(status)?;
        assert_eq!(said.ended_by()? == 801, status == 1, "{length}: {}", said.stdout);
    }
    Ok(())
}

#[test]
fn empty_writes_are_kept_nowhere_and_large_ones_are_refused() -> Tested {
    let host = Host::without_database()?;
    let body = r#"
        (func (export "run") (param i32 i32) (result i32)
          (local $left i32) (local $out i32)
          (local.set $out (call $stdout))
          (local.set $left (i32.const 200000))
          (loop $more
            (call $write (local.get $out) (i32.const 8192) (i32.const 0) (i32.const 256))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $more (local.get $left)))
          (call $write (local.get $out) (i32.const 8192) (i32.const LENGTH) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 4))
          (call $done))"#;
    let said = run(&host, &component(&host, &body.replace("LENGTH", "65536"))?, &open())?;
    said.expect(0)?;
    let lines = logged(&said);
    assert_eq!(lines.len(), 16, "a line has an end, whatever is written: {lines:?}");
    let said = run(&host, &component(&host, &body.replace("LENGTH", "65537"))?, &open())?;
    assert_eq!(said.expect(1)?.ended_by()?, 801, "{}", said.stdout);
    Ok(())
}

#[test]
fn what_the_host_holds_counts_as_the_runs_memory() -> Tested {
    let host = Host::without_database()?;
    let body = r#"(func (export "run") (param i32 i32) (result i32)
        (drop (call $stdout)) (drop (call $stderr)) (call $say (i64.const 1)) (call $done))"#;
    let packed = component(&host, body)?;
    // The probe's memory has eight pages, and its tables a few elements.
    for (memory, status) in [(524_288 + 16_384, 0), (524_288 + 4_096, 1)] {
        let policy = Policy::logging().run("memory", memory).text() + &table(&FAMILIES, None);
        let said = run(&host, &packed, &policy)?;
        assert_eq!(said.expect(status)?.ended_by()? == 303, status == 1, "{memory}: {}", said.stdout);
    }
    Ok(())
}
