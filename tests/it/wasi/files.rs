//! The scratch directory as a guest sees it: its quota, its edges, and that it is gone afterwards.

use std::fs;

use super::{FAMILIES, component, numbers, run, said, table};
use crate::host::{Host, Tested};
use crate::policy::Policy;

/// Opens the scratch directory and leaves its handle in `$root`; flags are those of `open-at`.
const ROOT: &str = r#"
    (global $root (mut i32) (i32.const 0))
    (data (i32.const 3000) "x" "y" ".." "/etc/passwd" "d/../../x")
    (func $start
      (call $directories (i32.const 256))
      (call $say32 (i32.const 260))
      (global.set $root (i32.load (i32.load (i32.const 256)))))
    (func $at (param $name i32) (param $length i32) (param $how i32) (result i32)
      (call $open (global.get $root) (i32.const 0) (local.get $name) (local.get $length) (local.get $how) (i32.const 3) (i32.const 256))
      (call $say-code (i32.const 256) (i32.const 4))
      (i32.load (i32.const 260)))"#;

fn granting(bytes: u64) -> String {
    Policy::logging().text() + &table(&FAMILIES, Some(bytes))
}

#[test]
fn the_quota_holds_every_way_to_write() -> Tested {
    let host = Host::without_database()?;
    let body = format!(
        r#"{ROOT}
        (func (export "run") (param i32 i32) (result i32)
          (local $file i32) (local $stream i32)
          (call $start)
          (local.set $file (call $at (i32.const 3000) (i32.const 1) (i32.const 1)))
          (call $put (local.get $file) (i32.const 8192) (i32.const 4096) (i64.const 0) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 8))
          (call $put (local.get $file) (i32.const 8192) (i32.const 1) (i64.const 4096) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 8))
          (call $resize (local.get $file) (i64.const 0x7fffffffffffffff) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 1))
          (call $append (local.get $file) (i32.const 256))
          (call $write (i32.load (i32.const 260)) (i32.const 8192) (i32.const 1) (i32.const 264))
          (call $say-code (i32.const 264) (i32.const 4))
          (call $mkdir (global.get $root) (i32.const 3000) (i32.const 1) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 1))
          (call $mkdir (global.get $root) (i32.const 3001) (i32.const 1) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 1))
          (call $stat (local.get $file) (i32.const 512))
          (call $say64 (i32.const 536))
          (call $say8 (i32.const 544)) (call $say8 (i32.const 568)) (call $say8 (i32.const 592))
          (call $hash (local.get $file) (i32.const 512))
          (call $say64 (i32.const 520)) (call $say64 (i32.const 528))
          (call $done))"#
    );
    // 23 is `insufficient-space`, 7 `exist`; a stream's failure has its code in the error.
    let expected = [1, 0, 0, 279, 279, 256, 263, 279, 4096, 0, 0, 0, 1, 0];
    // The last six are size, three times and identity: nothing of the host.
    assert_eq!(said(&host, &body, &granting(8192))?, expected);
    assert_eq!(fs::read_dir(host.data().join("scratch"))?.count(), 0, "it is gone with the run");
    Ok(())
}

#[test]
fn nothing_leads_out_of_it() -> Tested {
    let host = Host::without_database()?;
    let body = format!(
        r#"{ROOT}
        (func (export "run") (param i32 i32) (result i32)
          (call $start)
          (drop (call $at (i32.const 3002) (i32.const 2) (i32.const 1)))
          (drop (call $at (i32.const 3004) (i32.const 11) (i32.const 0)))
          (drop (call $at (i32.const 3015) (i32.const 9) (i32.const 1)))
          (call $symlink (global.get $root) (i32.const 3004) (i32.const 11) (i32.const 3000) (i32.const 1) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 1))
          (call $link (global.get $root) (i32.const 0) (i32.const 3004) (i32.const 11) (global.get $root) (i32.const 3000) (i32.const 1) (i32.const 256))
          (call $say-code (i32.const 256) (i32.const 1))
          (call $done))"#
    );
    // 31 is `not-permitted`.
    assert_eq!(said(&host, &body, &granting(65536))?, [1, 287, 287, 287, 287, 287]);
    Ok(())
}

#[test]
fn it_goes_with_a_guest_that_traps_and_with_a_host_that_was_killed() -> Tested {
    let host = Host::without_database()?;
    let left = host.data().join("scratch/run-left");
    fs::create_dir_all(&left)?;
    fs::write(left.join("1"), "bytes of a run whose host was killed")?;
    let body = format!(
        r#"{ROOT}
        (func (export "run") (param i32 i32) (result i32)
          (call $start)
          (call $put (call $at (i32.const 3000) (i32.const 1) (i32.const 1)) (i32.const 8192) (i32.const 4096) (i64.const 0) (i32.const 256))
          unreachable)"#
    );
    let said = run(&host, &component(&host, &body)?, &granting(65536))?;
    assert_eq!(said.expect(1)?.ended_by()?, 801, "{}", said.stdout);
    assert_eq!(fs::read_dir(host.data().join("scratch"))?.count(), 0);
    Ok(())
}

#[test]
fn so_many_files_are_open_at_once() -> Tested {
    let host = Host::without_database()?;
    let body = format!(
        r#"{ROOT}
        (func (export "run") (param i32 i32) (result i32)
          (local $count i64)
          (call $start)
          (loop $more
            (call $open (global.get $root) (i32.const 0) (i32.const 3000) (i32.const 1) (i32.const 1) (i32.const 3) (i32.const 256))
            (local.set $count (i64.add (local.get $count) (i64.const 1)))
            (br_if $more (i32.eqz (i32.load8_u (i32.const 256)))))
          (call $say-code (i32.const 256) (i32.const 4))
          (call $say (local.get $count))
          (call $done))"#
    );
    let said = run(&host, &component(&host, &body)?, &granting(65536))?;
    // 6 is `quota`; the directory itself is one of 64.
    assert_eq!(numbers(said.expect(0)?)?, [1, 262, 64], "{}", said.stdout);
    Ok(())
}
