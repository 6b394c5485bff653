//! The scratch directory on a real one: every way to write is charged, what goes is free again, and nothing of the host
//! can be named.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use casemate_gate::budget::{Limits, Meter, Resource};
use tempfile::TempDir;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::super::place::Place;
use super::{ENTRY_BYTES, ENTRY_MEMORY, OPEN, Open, Opening, Scratch};
use crate::sandbox::alone;

struct World {
    scratch: Scratch,
    meter: Arc<Meter>,
    root: Open,
    home: TempDir,
}

const NEW: Opening = Opening { create: true, exclusive: false, directory: false, truncate: false, write: true };
const LOOK: Opening = Opening { create: false, exclusive: false, directory: false, truncate: false, write: false };

fn world(quota: u64, memory: u64) -> World {
    let home = tempfile::tempdir().unwrap();
    let place = Place::default();
    place.open(&home.path().join("scratch")).unwrap();
    let limits = Limits { fuel: 1, memory, wall_clock: 1, calls: 1, log_bytes: 1, result_bytes: 1 };
    let meter = alone::meter(limits).unwrap();
    let mut scratch = Scratch::new(place, quota, Arc::clone(&meter));
    let root = scratch.root().unwrap();
    World { scratch, meter, root, home }
}

impl World {
    fn new(quota: u64) -> Self {
        world(quota, 1 << 20)
    }

    fn file(&mut self, path: &str) -> Result<Open, ErrorCode> {
        self.scratch.open_at(&self.root, path, NEW)
    }

    /// Files of the host, with their sizes.
    fn on_disk(&self) -> Vec<(PathBuf, u64)> {
        let runs = fs::read_dir(self.home.path().join("scratch")).unwrap();
        let files = runs.flat_map(|run| fs::read_dir(run.unwrap().path()).unwrap());
        files.map(|file| file.unwrap()).map(|file| (file.path(), file.metadata().unwrap().len())).collect()
    }
}

#[test]
fn nothing_is_made_on_the_disk_before_the_first_byte() {
    let mut world = World::new(64 << 10);
    world.scratch.create_directory(&world.root, "a").unwrap();
    let file = world.file("a/x").unwrap();
    assert!(world.on_disk().is_empty());
    assert_eq!(world.scratch.write(&file, Some(0), b"abc"), Ok(3));
    let on_disk = world.on_disk();
    assert_eq!(on_disk.len(), 1);
    assert!(!on_disk[0].0.display().to_string().contains("/x"), "no name of the guest's is on the disk: {on_disk:?}");
    assert_eq!(world.scratch.read(&file, 1, 100), Ok(b"bc".to_vec()));
    assert_eq!(world.scratch.read(&file, 3, 100), Ok(Vec::new()));
    assert_eq!(world.scratch.read(&file, u64::MAX, u64::MAX), Ok(Vec::new()));
    drop(world.scratch);
    assert_eq!(fs::read_dir(world.home.path().join("scratch")).unwrap().count(), 0, "it goes with the run");
}

#[test]
fn every_way_to_write_is_charged() {
    let mut world = World::new(3 * ENTRY_BYTES);
    let file = world.file("x").unwrap();
    let room = 2 * ENTRY_BYTES;
    let full = Err(ErrorCode::InsufficientSpace);
    assert_eq!(world.scratch.set_size(&file, room + 1).err(), full.err(), "sparse");
    assert_eq!(world.scratch.write(&file, Some(room), b"x"), full, "far beyond the end");
    assert_eq!(world.scratch.write(&file, Some(u64::MAX), b"x"), Err(ErrorCode::FileTooLarge));
    assert_eq!(world.scratch.set_size(&file, u64::MAX).err(), full.err());
    assert_eq!(world.scratch.write(&file, None, &vec![0; room as usize + 1]), full, "appended");
    assert_eq!(world.scratch.used(), ENTRY_BYTES, "what was refused takes nothing");
    assert!(world.on_disk().iter().all(|(_, size)| *size == 0));

    assert_eq!(world.scratch.write(&file, None, &vec![7; room as usize]), Ok(room));
    assert_eq!(world.scratch.write(&file, None, b"x"), full);
    assert_eq!(world.scratch.write(&file, Some(0), b"within"), Ok(6), "what is there may be overwritten");
    assert_eq!(world.file("y").err(), full.err(), "an empty file is not for nothing");
    assert_eq!(world.scratch.create_directory(&world.root, "d").err(), full.err(), "nor is a directory");
    assert_eq!(world.scratch.used(), 3 * ENTRY_BYTES);

    world.scratch.set_size(&file, 0).unwrap();
    assert_eq!(world.scratch.used(), ENTRY_BYTES);
    world.file("y").unwrap();
}

#[test]
fn a_removed_file_is_free_once_nobody_has_it_open() {
    let mut world = World::new(2 * ENTRY_BYTES);
    let before = world.meter.used(Resource::Memory);
    let file = world.file("x").unwrap();
    let again = world.scratch.again(&file).unwrap();
    world.scratch.write(&file, None, b"abc").unwrap();
    assert_eq!(world.meter.used(Resource::Memory), before + ENTRY_MEMORY);
    world.scratch.unlink(&world.root, "x").unwrap();
    world.scratch.close(&file);
    assert_eq!(world.scratch.read(&again, 0, 3), Ok(b"abc".to_vec()), "it is still open");
    assert_eq!(world.scratch.used(), ENTRY_BYTES + 3);
    world.scratch.close(&again);
    assert_eq!((world.scratch.used(), world.meter.used(Resource::Memory)), (0, before));
    assert!(world.on_disk().is_empty());
    for _ in 0..1_000 {
        let file = world.file("x").unwrap();
        world.scratch.write(&file, None, b"abc").unwrap();
        world.scratch.close(&file);
        world.scratch.unlink(&world.root, "x").unwrap();
    }
    assert_eq!((world.scratch.used(), world.meter.used(Resource::Memory)), (0, before));
}

#[test]
fn what_replaces_another_frees_it() {
    let mut world = World::new(1 << 20);
    for (name, bytes) in [("a", "aaaa"), ("b", "bb")] {
        let file = world.file(name).unwrap();
        world.scratch.write(&file, None, bytes.as_bytes()).unwrap();
        world.scratch.close(&file);
    }
    world.scratch.rename((&world.root, "a"), (&world.root, "b")).unwrap();
    assert_eq!(world.scratch.used(), ENTRY_BYTES + 4);
    let file = world.scratch.open_at(&world.root, "b", LOOK).unwrap();
    assert_eq!(world.scratch.read(&file, 0, 10), Ok(b"aaaa".to_vec()));
    let file = world.scratch.open_at(&world.root, "b", Opening { truncate: true, write: true, ..LOOK }).unwrap();
    assert_eq!((world.scratch.size(&file), world.scratch.used()), (Some(0), ENTRY_BYTES));
}

#[test]
fn so_many_are_open_and_so_much_memory_is_held() {
    let mut world = world(1 << 30, 10 * ENTRY_MEMORY);
    for number in 0..10 {
        let file = world.file(&format!("{number}")).unwrap();
        world.scratch.close(&file);
    }
    assert_eq!(world.file("more").err(), Some(ErrorCode::InsufficientMemory));
    let mut open = Vec::new();
    while let Ok(file) = world.scratch.open_at(&world.root, "1", LOOK) {
        open.push(file);
    }
    assert_eq!(open.len(), OPEN - 1, "the root is one of them");
    assert_eq!(world.scratch.root().err(), Some(ErrorCode::Quota));
}

#[test]
fn names_lead_where_they_should() {
    let mut world = World::new(1 << 20);
    for directory in ["d", "d/e", "f"] {
        world.scratch.create_directory(&world.root, directory).unwrap();
    }
    let scratch = &mut world.scratch;
    let root = &world.root;
    let made = scratch.open_at(root, "d/e/x", NEW).unwrap();
    scratch.close(&made);
    let codes = [
        (scratch.open_at(root, "d/e/x", Opening { exclusive: true, ..NEW }).err(), ErrorCode::Exist),
        (scratch.open_at(root, "d/e/x/", LOOK).err(), ErrorCode::NotDirectory),
        (scratch.open_at(root, "d/e/x/y", LOOK).err(), ErrorCode::NotDirectory),
        (scratch.open_at(root, "d/e/x", Opening { directory: true, ..LOOK }).err(), ErrorCode::NotDirectory),
        (scratch.open_at(root, "d/e", NEW).err(), ErrorCode::IsDirectory),
        (scratch.open_at(root, "n/", NEW).err(), ErrorCode::IsDirectory),
        (scratch.open_at(root, "n", LOOK).err(), ErrorCode::NoEntry),
        (scratch.open_at(root, "n/m", NEW).err(), ErrorCode::NoEntry),
        (scratch.open_at(root, "../x", NEW).err(), ErrorCode::NotPermitted),
        (scratch.open_at(root, "/etc/passwd", LOOK).err(), ErrorCode::NotPermitted),
        (scratch.open_at(root, "d/e/x", Opening { truncate: true, ..LOOK }).err(), ErrorCode::Invalid),
        (scratch.create_directory(root, "d").err(), ErrorCode::Exist),
        (scratch.create_directory(root, ".").err(), ErrorCode::Exist),
        (scratch.remove_directory(root, "d").err(), ErrorCode::NotEmpty),
        (scratch.remove_directory(root, "d/e/x").err(), ErrorCode::NotDirectory),
        (scratch.unlink(root, "d").err(), ErrorCode::IsDirectory),
        (scratch.rename((root, "d"), (root, "d/e/d")).err(), ErrorCode::Invalid),
        (scratch.rename((root, "d"), (root, "d")).err(), ErrorCode::Io),
        (scratch.rename((root, "f"), (root, "d")).err(), ErrorCode::NotEmpty),
        (scratch.rename((root, "d/e/x"), (root, "f")).err(), ErrorCode::IsDirectory),
        (scratch.rename((root, "f"), (root, "d/e/x")).err(), ErrorCode::NotDirectory),
        (scratch.rename((root, "."), (root, "g")).err(), ErrorCode::Invalid),
    ];
    for (at, (code, expected)) in codes.into_iter().enumerate() {
        // A rename onto itself is the one that is done.
        assert!(code == Some(expected) || (expected == ErrorCode::Io && code.is_none()), "{at}: {code:?}");
    }
    // From within a directory, its own root is the top.
    let inner = scratch.open_at(root, "d/e", Opening { directory: true, ..LOOK }).unwrap();
    assert_eq!(scratch.open_at(&inner, "../e/x", LOOK).err(), Some(ErrorCode::NotPermitted));
    assert!(scratch.open_at(&inner, "x", LOOK).is_ok());
    scratch.rename((&inner, "x"), (root, "f/y")).unwrap();
    scratch.rename((root, "f"), (&inner, "f")).unwrap();
    assert!(scratch.open_at(root, "d/e/f/y", LOOK).is_ok());
    assert_eq!(scratch.number_at(root, "d/e/f/../f/y"), scratch.number_at(&inner, "f/y"));
}

#[test]
fn a_removed_directory_takes_nothing_new() {
    let mut world = World::new(1 << 20);
    world.scratch.create_directory(&world.root, "d").unwrap();
    let inside = world.scratch.open_at(&world.root, "d", LOOK).unwrap();
    world.scratch.remove_directory(&world.root, "d").unwrap();
    assert_eq!(world.scratch.open_at(&inside, "x", NEW).err(), Some(ErrorCode::NoEntry));
    assert_eq!(world.scratch.create_directory(&inside, "x").err(), Some(ErrorCode::NoEntry));
    assert_eq!(world.scratch.entry_after(&inside, None), Ok(None));
    world.scratch.close(&inside);
    assert_eq!(world.scratch.used(), 0);
}

#[test]
fn entries_are_listed_in_their_names_order() {
    let mut world = World::new(1 << 20);
    for name in ["b", "a", "c"] {
        world.scratch.create_directory(&world.root, name).unwrap();
    }
    let mut seen: Vec<String> = Vec::new();
    while let Some((name, directory)) = world.scratch.entry_after(&world.root, seen.last().map(String::as_str)).unwrap()
    {
        assert!(directory);
        world.scratch.remove_directory(&world.root, &name).unwrap();
        seen.push(name);
    }
    assert_eq!(seen, ["a", "b", "c"], "also while they go");
}
