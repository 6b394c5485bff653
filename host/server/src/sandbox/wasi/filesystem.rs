//! `wasi:filesystem`: the scratch directory where one is granted, and nothing else. There are no links, no times and no
//! numbers of the host; a file's identity is its number within the run. It doesn't know how files are kept.

use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Lower, Resource};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};

use super::call::{Held, Host, define, define_resource};
use super::io::Failure;
use super::scratch::{Open, Opening, Scratch};
use super::streams::{Input, Output};
use super::{Guest, name};

/// The scratch directory's name, as a guest opens it.
const NAME: &str = "/scratch";

/// A file or directory that is open.
pub(super) struct Descriptor {
    open: Open,
    read: bool,
    write: bool,
}

/// A directory that is listed, and the name that was last.
pub(super) struct Listing {
    open: Open,
    after: Option<String>,
}

impl Held for Descriptor {
    fn let_go(self, scratch: &mut Scratch) {
        scratch.close(&self.open);
    }
}

impl Held for Listing {
    fn let_go(self, scratch: &mut Scratch) {
        scratch.close(&self.open);
    }
}

type Told<T> = Result<T, ErrorCode>;
type This = Resource<Descriptor>;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut preopens = linker.instance(&name("filesystem/preopens"))?;
    define(&mut preopens, "get-directories", |host, (): ()| {
        let Some(root) = host.wasi().scratch.as_mut().map(Scratch::root) else { return Ok((Vec::new(),)) };
        let Ok(open) = root else { return Ok((Vec::new(),)) };
        Ok((vec![(host.hold(Descriptor { open, read: true, write: false })?, NAME.to_owned())],))
    })?;

    let mut types = linker.instance(&name("filesystem/types"))?;
    define_resource::<Descriptor>(&mut types, "descriptor")?;
    define_resource::<Listing>(&mut types, "directory-entry-stream")?;
    define(&mut types, "filesystem-error-code", |host, (failure,): (Resource<Failure>,)| {
        Ok((host.held(&failure)?.code,))
    })?;
    contents(&mut types)?;
    streams(&mut types)?;
    names(&mut types)?;
    about(&mut types)?;
    absent(&mut types)
}

/// Defines a function that works on the scratch directory and says what came of it.
fn method<P, T>(
    types: &mut LinkerInstance<'_, Guest>,
    name: &str,
    work: impl Fn(&mut Host<'_>, P) -> wasmtime::Result<Told<T>> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + 'static,
    T: 'static,
    (Told<T>,): ComponentNamedList + Lower + 'static,
{
    define(types, &format!("[method]{name}"), move |host, arguments: P| {
        let told = work(host, arguments)?;
        // A cap that is not the run's own was reached, or the host failed: the guest must not go on.
        match host.wasi().scratch.as_mut().and_then(|scratch| scratch.stop.take()) {
            Some(refusal) => host.stop(refusal),
            None => Ok((told,)),
        }
    })
}

/// The scratch directory and an open file or directory of it.
fn on<'a>(host: &'a mut Host<'_>, this: &This) -> wasmtime::Result<(&'a mut Scratch, &'a Descriptor)> {
    let wasi = host.wasi();
    let descriptor = wasi.table.get(this)?;
    let scratch = wasi.scratch.as_mut().ok_or_else(|| wasmtime::format_err!("there is no scratch directory"))?;
    Ok((scratch, descriptor))
}

fn contents(types: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    method(types, "descriptor.read", |host, (this, most, offset): (This, u64, u64)| {
        let (scratch, file) = on(host, &this)?;
        let told = if file.read { scratch.read(&file.open, offset, most) } else { Err(ErrorCode::BadDescriptor) };
        if let Ok(bytes) = &told {
            let length = bytes.len();
            host.charge(length)?;
        }
        Ok(told.map(|bytes| {
            let end = bytes.is_empty() && most > 0;
            (bytes, end)
        }))
    })?;
    method(types, "descriptor.write", |host, (this, bytes, offset): (This, Vec<u8>, u64)| {
        host.charge(bytes.len())?;
        let (scratch, file) = on(host, &this)?;
        let told =
            if file.write { scratch.write(&file.open, Some(offset), &bytes) } else { Err(not_written(file, scratch)) };
        Ok(told.map(|_| bytes.len() as u64))
    })?;
    method(types, "descriptor.set-size", |host, (this, size): (This, u64)| {
        let (scratch, file) = on(host, &this)?;
        Ok(if file.write { scratch.set_size(&file.open, size) } else { Err(not_written(file, scratch)) })
    })
}

/// Why something that was not opened for writing isn't written.
fn not_written(descriptor: &Descriptor, scratch: &Scratch) -> ErrorCode {
    match scratch.size(&descriptor.open) {
        Some(_) => ErrorCode::NotPermitted,
        None => ErrorCode::BadDescriptor,
    }
}

fn streams(types: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    method(types, "descriptor.read-via-stream", |host, (this, offset): (This, u64)| {
        let (scratch, file) = on(host, &this)?;
        let told = match scratch.size(&file.open) {
            None => Err(ErrorCode::IsDirectory),
            Some(_) if !file.read => Err(ErrorCode::BadDescriptor),
            Some(_) => scratch.again(&file.open),
        };
        told.map_or_else(|code| Ok(Err(code)), |file| host.hold(Input::File { file, offset }).map(Ok))
    })?;
    for (function, appends) in [("descriptor.write-via-stream", false), ("descriptor.append-via-stream", true)] {
        let begin = move |host: &mut Host<'_>, this: &This, offset: u64| {
            let (scratch, file) = on(host, this)?;
            let told = if file.write { scratch.again(&file.open) } else { Err(not_written(file, scratch)) };
            let offset = if appends { None } else { Some(offset) };
            told.map_or_else(|code| Ok(Err(code)), |file| host.hold(Output::File { file, offset }).map(Ok))
        };
        if appends {
            method(types, function, move |host, (this,): (This,)| begin(host, &this, 0))?;
        } else {
            method(types, function, move |host, (this, offset): (This, u64)| begin(host, &this, offset))?;
        }
    }
    method(types, "descriptor.read-directory", |host, (this,): (This,)| {
        let (scratch, directory) = on(host, &this)?;
        let told = match scratch.size(&directory.open) {
            None => scratch.again(&directory.open),
            Some(_) => Err(ErrorCode::NotDirectory),
        };
        told.map_or_else(|code| Ok(Err(code)), |open| host.hold(Listing { open, after: None }).map(Ok))
    })?;
    method(types, "directory-entry-stream.read-directory-entry", |host, (this,): (Resource<Listing>,)| {
        let wasi = host.wasi();
        let (listing, Some(scratch)) = (wasi.table.get_mut(&this)?, &wasi.scratch) else { return Ok(Ok(None)) };
        Ok(scratch.entry_after(&listing.open, listing.after.as_deref()).map(|entry| {
            let (name, directory) = entry?;
            listing.after = Some(name.clone());
            Some(DirectoryEntry { type_: kind(directory), name })
        }))
    })
}

const fn kind(directory: bool) -> DescriptorType {
    if directory { DescriptorType::Directory } else { DescriptorType::RegularFile }
}

fn names(types: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    type Asked = (This, PathFlags, String, OpenFlags, DescriptorFlags);
    method(types, "descriptor.open-at", |host, (this, _, path, how, flags): Asked| {
        host.charge(path.len())?;
        if !host.has_room() {
            return Ok(Err(ErrorCode::Quota));
        }
        let write = flags.contains(DescriptorFlags::WRITE);
        let read = flags.contains(DescriptorFlags::READ) || !write;
        let opening = Opening {
            create: how.contains(OpenFlags::CREATE),
            exclusive: how.contains(OpenFlags::EXCLUSIVE),
            directory: how.contains(OpenFlags::DIRECTORY),
            truncate: how.contains(OpenFlags::TRUNCATE),
            write,
        };
        let (scratch, base) = on(host, &this)?;
        let told = scratch.open_at(&base.open, &path, opening);
        told.map_or_else(|code| Ok(Err(code)), |open| host.hold(Descriptor { open, read, write }).map(Ok))
    })?;
    method(types, "descriptor.create-directory-at", |host, (this, path): (This, String)| {
        host.charge(path.len())?;
        let (scratch, base) = on(host, &this)?;
        Ok(scratch.create_directory(&base.open, &path))
    })?;
    method(types, "descriptor.remove-directory-at", |host, (this, path): (This, String)| {
        host.charge(path.len())?;
        let (scratch, base) = on(host, &this)?;
        Ok(scratch.remove_directory(&base.open, &path))
    })?;
    method(types, "descriptor.unlink-file-at", |host, (this, path): (This, String)| {
        host.charge(path.len())?;
        let (scratch, base) = on(host, &this)?;
        Ok(scratch.unlink(&base.open, &path))
    })?;
    method(types, "descriptor.rename-at", |host, (this, from, other, to): (This, String, This, String)| {
        host.charge(from.len().saturating_add(to.len()))?;
        let wasi = host.wasi();
        let (old, new) = (wasi.table.get(&this)?, wasi.table.get(&other)?);
        let Some(scratch) = wasi.scratch.as_mut() else { return Ok(Err(ErrorCode::NotPermitted)) };
        Ok(scratch.rename((&old.open, &from), (&new.open, &to)))
    })
}

fn about(types: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    method(types, "descriptor.stat", |host, (this,): (This,)| {
        let (scratch, descriptor) = on(host, &this)?;
        Ok(Ok(stat(scratch.size(&descriptor.open))))
    })?;
    method(types, "descriptor.stat-at", |host, (this, _, path): (This, PathFlags, String)| {
        host.charge(path.len())?;
        let (scratch, base) = on(host, &this)?;
        Ok(scratch.size_at(&base.open, &path).map(stat))
    })?;
    method(types, "descriptor.get-type", |host, (this,): (This,)| {
        let (scratch, descriptor) = on(host, &this)?;
        Ok(Ok(kind(scratch.size(&descriptor.open).is_none())))
    })?;
    method(types, "descriptor.get-flags", |host, (this,): (This,)| {
        let (scratch, descriptor) = on(host, &this)?;
        let directory = scratch.size(&descriptor.open).is_none();
        let all = [
            (descriptor.read, DescriptorFlags::READ),
            (descriptor.write, DescriptorFlags::WRITE),
            (directory, DescriptorFlags::MUTATE_DIRECTORY),
        ];
        let set = all.into_iter().filter(|(set, _)| *set);
        Ok(Ok(set.fold(DescriptorFlags::empty(), |flags, (_, flag)| flags | flag)))
    })?;
    method(types, "descriptor.metadata-hash", |host, (this,): (This,)| {
        let (_, descriptor) = on(host, &this)?;
        Ok(Ok(hash(Scratch::number(&descriptor.open))))
    })?;
    method(types, "descriptor.metadata-hash-at", |host, (this, _, path): (This, PathFlags, String)| {
        host.charge(path.len())?;
        let (scratch, base) = on(host, &this)?;
        Ok(scratch.number_at(&base.open, &path).map(hash))
    })?;
    define(types, "[method]descriptor.is-same-object", |host, (this, other): (This, This)| {
        let table = &host.wasi().table;
        Ok((Scratch::number(&table.get(&this)?.open) == Scratch::number(&table.get(&other)?.open),))
    })
}

/// What is told of a file with a size, or of a directory.
const fn stat(size: Option<u64>) -> DescriptorStat {
    let (type_, size) = match size {
        Some(size) => (DescriptorType::RegularFile, size),
        None => (DescriptorType::Directory, 0),
    };
    DescriptorStat {
        type_,
        link_count: 1,
        size,
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

/// The run's own number is all that there is to identify a file by.
const fn hash(number: u64) -> MetadataHashValue {
    MetadataHashValue { lower: number, upper: 0 }
}

/// What a scratch directory doesn't have: links are refused, and what has no meaning there is done as asked.
fn absent(types: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    type Link = (This, PathFlags, String, This, String);
    method(types, "descriptor.link-at", |_, _: Link| Ok(Told::<()>::Err(ErrorCode::NotPermitted)))?;
    method(types, "descriptor.symlink-at", |host, (_, from, to): (This, String, String)| {
        host.charge(from.len().saturating_add(to.len()))?;
        Ok(Told::<()>::Err(ErrorCode::NotPermitted))
    })?;
    method(types, "descriptor.readlink-at", |host, (this, path): (This, String)| {
        host.charge(path.len())?;
        let (scratch, base) = on(host, &this)?;
        // Whatever is there is no link.
        Ok(scratch.number_at(&base.open, &path).and(Told::<String>::Err(ErrorCode::Invalid)))
    })?;
    method(types, "descriptor.advise", |_, _: (This, u64, u64, Advice)| Ok(Told::Ok(())))?;
    for function in ["descriptor.sync", "descriptor.sync-data"] {
        method(types, function, |_, (_,): (This,)| Ok(Told::Ok(())))?;
    }
    method(types, "descriptor.set-times", |_, _: (This, NewTimestamp, NewTimestamp)| Ok(Told::Ok(())))?;
    type Times = (This, PathFlags, String, NewTimestamp, NewTimestamp);
    method(types, "descriptor.set-times-at", |host, (this, _, path, _, _): Times| {
        host.charge(path.len())?;
        let (scratch, base) = on(host, &this)?;
        Ok(scratch.number_at(&base.open, &path).map(|_| ()))
    })
}
