//! The names of a module's functions, as people write them: mangled names have a hash of the build in them and are
//! longer. Nothing else of a module is changed.

use std::borrow::Cow;

use rustc_demangle::try_demangle;
use wasm_encoder::{Module, NameMap, NameSection, RawSection};
use wasmparser::{BinaryReader, BinaryReaderError, Name, NameSectionReader, Parser, Payload};

/// The module with readable function names, and no other debug names.
pub(crate) fn readable(module: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut written = Module::new();
    let mut names = None;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CustomSection(section) = &payload
            && section.name() == "name"
        {
            names = Some(functions(section.data(), section.data_offset())?);
        } else if let Some((id, range)) = payload.as_section()
            && let Some(data) = module.get(range)
        {
            written.section(&RawSection { id, data });
        }
    }
    if let Some(functions) = names {
        let mut section = NameSection::new();
        section.functions(&functions);
        written.section(&section);
    }
    Ok(written.finish())
}

fn functions(data: &[u8], offset: usize) -> Result<NameMap, BinaryReaderError> {
    let mut functions = NameMap::new();
    for subsection in NameSectionReader::new(BinaryReader::new(data, offset)) {
        if let Name::Function(names) = subsection? {
            for naming in names {
                let naming = naming?;
                functions.append(naming.index, &shown(naming.name));
            }
        }
    }
    Ok(functions)
}

/// Without the hash at its end.
fn shown(name: &str) -> Cow<'_, str> {
    try_demangle(name).map_or(Cow::Borrowed(name), |readable| Cow::Owned(format!("{readable:#}")))
}
