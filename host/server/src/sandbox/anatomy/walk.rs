//! The walk through a file's sections, level by level: components hold modules and components, and say how often each is
//! instantiated. Definitions come before their use, so one pass is enough. It doesn't look into functions and types.

use wasmparser::{
    ComponentAlias, ComponentAliasSectionReader, ComponentExternalKind, ComponentImportSectionReader,
    ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef, Encoding, Instance, Parser, Payload, TypeBounds,
};

use super::{AnatomyError, DEPTH, Extent, Footprint, ITEMS};
use casemate_abi::{MANIFEST_SECTION, limits};

/// Bytes of a page, unless a memory says otherwise.
const PAGE_LOG2: u32 = 16;

/// What the walk found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) modules: u64,
    pub(super) components: u64,
    pub(super) footprint: Footprint,
    pub(super) manifest: Option<String>,
    pub(super) code_bytes: u64,
}

impl Default for Found {
    fn default() -> Self {
        let (imports, exports) = (Vec::new(), Vec::new());
        Self {
            imports,
            exports,
            modules: 0,
            components: 0,
            footprint: Footprint::UNKNOWN,
            manifest: None,
            code_bytes: 0,
        }
    }
}

/// One module or component that is not at its end yet.
struct Level {
    encoding: Encoding,
    /// What one instance of it takes.
    takes: Footprint,
    /// What one instance of each module and component takes that can be named here.
    modules: Vec<Footprint>,
    components: Vec<Footprint>,
}

struct Walk {
    levels: Vec<Level>,
    /// What the next level must be, as its section says.
    next: Option<Encoding>,
    items: usize,
    found: Found,
}

pub(super) fn walk(bytes: &[u8]) -> Result<Found, AnatomyError> {
    let mut walk = Walk { levels: Vec::new(), next: None, items: 0, found: Found::default() };
    for payload in Parser::new(0).parse_all(bytes) {
        walk.take(payload?)?;
    }
    Ok(walk.found)
}

impl Walk {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), AnatomyError> {
        let outermost = self.levels.len() == 1;
        match payload {
            Payload::Version { encoding, .. } => self.enter(encoding)?,
            Payload::End(_) => self.leave()?,
            Payload::ModuleSection { .. } => {
                self.next = Some(Encoding::Module);
                self.found.modules += 1;
                self.count(1)?;
            }
            Payload::ComponentSection { .. } => {
                self.next = Some(Encoding::Component);
                self.found.components += 1;
                self.count(1)?;
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory?;
                    let bytes = |pages: u64| pages.saturating_mul(page(memory.page_size_log2));
                    let extent = Extent::one(bytes(memory.initial), memory.maximum.map(bytes));
                    self.here(|level| level.takes.memories.add(extent));
                }
            }
            Payload::CodeSectionStart { size, .. } => {
                self.found.code_bytes = self.found.code_bytes.saturating_add(size.into());
            }
            Payload::GlobalSection(globals) => self.count(globals.count() as usize)?,
            Payload::TableSection(tables) => {
                for table in tables {
                    let table = table?.ty;
                    self.here(|level| level.takes.tables.add(Extent::one(table.initial, table.maximum)));
                }
            }
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    self.count(1)?;
                    if let Instance::Instantiate { module_index, .. } = instance? {
                        self.here(|level| level.takes.add(named(&level.modules, module_index)));
                    }
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances {
                    self.count(1)?;
                    if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                        self.here(|level| level.takes.add(named(&level.components, component_index)));
                    }
                }
            }
            Payload::ComponentAliasSection(aliases) => self.aliases(aliases)?,
            Payload::ComponentImportSection(imports) => self.component_imports(imports, outermost)?,
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    self.count(1)?;
                    if outermost && export.kind != ComponentExternalKind::Type {
                        self.found.exports.push(export.name.name.to_owned());
                    }
                    // An exported module or component can be named anew, by the next index.
                    self.here(|level| match export.kind {
                        ComponentExternalKind::Module => level.modules.push(named(&level.modules, export.index)),
                        ComponentExternalKind::Component => {
                            level.components.push(named(&level.components, export.index));
                        }
                        _ => {}
                    });
                }
            }
            Payload::ImportSection(imports) if outermost => {
                for import in imports.into_imports() {
                    let import = import?;
                    self.count(1)?;
                    self.found.imports.push(format!("{}::{}", import.module, import.name));
                }
            }
            Payload::ExportSection(exports) if outermost => {
                for export in exports {
                    self.count(1)?;
                    self.found.exports.push(export?.name.to_owned());
                }
            }
            Payload::CustomSection(section) if outermost && section.name() == MANIFEST_SECTION => {
                self.manifest(section.data())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn enter(&mut self, encoding: Encoding) -> Result<(), AnatomyError> {
        if self.levels.len() >= DEPTH {
            return Err(AnatomyError::TooDeep);
        }
        if self.next.take().is_some_and(|next| next != encoding) {
            return Err(AnatomyError::Mislabelled);
        }
        let mut takes = Footprint::NONE;
        takes.instances = u64::from(encoding == Encoding::Module);
        self.levels.push(Level { encoding, takes, modules: Vec::new(), components: Vec::new() });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), AnatomyError> {
        let Some(level) = self.levels.pop() else { return Ok(()) };
        match (self.levels.last_mut(), level.encoding) {
            (Some(outer), Encoding::Module) => outer.modules.push(level.takes),
            (Some(outer), Encoding::Component) => outer.components.push(level.takes),
            (None, _) => self.found.footprint = level.takes,
        }
        Ok(())
    }

    fn component_imports(
        &mut self,
        imports: ComponentImportSectionReader<'_>,
        outermost: bool,
    ) -> Result<(), AnatomyError> {
        for import in imports {
            let import = import?;
            self.count(1)?;
            if outermost && !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                self.found.imports.push(import.name.name.to_owned());
            }
            self.here(|level| match import.ty {
                ComponentTypeRef::Module(_) => level.modules.push(Footprint::UNKNOWN),
                ComponentTypeRef::Component(_) => level.components.push(Footprint::UNKNOWN),
                _ => {}
            });
        }
        Ok(())
    }

    fn aliases(&mut self, aliases: ComponentAliasSectionReader<'_>) -> Result<(), AnatomyError> {
        for alias in aliases {
            let (is_module, takes) = match alias? {
                ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. } => {
                    (true, Footprint::UNKNOWN)
                }
                ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                    (false, Footprint::UNKNOWN)
                }
                ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, count, index } => {
                    (true, self.outer(count).map_or(Footprint::UNKNOWN, |level| named(&level.modules, index)))
                }
                ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                    (false, self.outer(count).map_or(Footprint::UNKNOWN, |level| named(&level.components, index)))
                }
                _ => continue,
            };
            self.count(1)?;
            self.here(|level| if is_module { level.modules.push(takes) } else { level.components.push(takes) });
        }
        Ok(())
    }

    /// The level so many levels out.
    fn outer(&self, count: u32) -> Option<&Level> {
        self.levels.iter().rev().nth(count as usize)
    }

    fn manifest(&mut self, data: &[u8]) -> Result<(), AnatomyError> {
        if self.found.manifest.is_some() {
            return Err(AnatomyError::TwoManifests);
        }
        let text = std::str::from_utf8(data).ok().filter(|text| text.len() <= limits::MANIFEST_BYTES);
        self.found.manifest = Some(text.ok_or(AnatomyError::ManifestText)?.to_owned());
        Ok(())
    }

    fn here(&mut self, change: impl FnOnce(&mut Level)) {
        if let Some(level) = self.levels.last_mut() {
            change(level);
        }
    }

    fn count(&mut self, more: usize) -> Result<(), AnatomyError> {
        self.items = self.items.saturating_add(more);
        if self.items > ITEMS { Err(AnatomyError::TooMany) } else { Ok(()) }
    }
}

/// What the thing with this index takes; an index that names nothing is the validator's to refuse.
fn named(list: &[Footprint], index: u32) -> Footprint {
    list.get(index as usize).copied().unwrap_or(Footprint::UNKNOWN)
}

fn page(log2: Option<u32>) -> u64 {
    1_u64.checked_shl(log2.unwrap_or(PAGE_LOG2)).unwrap_or(u64::MAX)
}
