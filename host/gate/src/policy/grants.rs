//! The intersection of ceiling and grant: what one agent may do under one policy. Settled when a run starts. It
//! doesn't know who decides later, and keeps nothing of either file but rules.

use std::collections::BTreeMap;

use super::keys::Keys;
use super::rule::Rule;
use super::wasi::{Family, Wasi};
use crate::call::{Tool, Verb};

/// What a run may do.
#[derive(Debug, Clone)]
pub struct Grants {
    ceiling: Vec<Rule>,
    granted: Vec<Rule>,
    tables: Vec<TableGrant>,
    /// For reading and for writing, what ceiling and grant name.
    keys: [(Keys, Keys); 2],
    wasi: Wasi,
}

/// One table and what a run may do to its rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableGrant {
    /// Schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// SELECT.
    pub read: bool,
    /// INSERT, UPDATE and DELETE.
    pub write: bool,
}

impl Grants {
    pub(super) fn intersect((ceiling, most): (&[Rule], &Wasi), (granted, given): (&[Rule], &Wasi)) -> Self {
        let mut tables: BTreeMap<(&str, &str), (bool, bool)> = BTreeMap::new();
        for rule in ceiling.iter().filter(|rule| granted.contains(rule)) {
            if let Rule::Table { schema, table, verb } = rule {
                let entry = tables.entry((schema, table)).or_default();
                entry.0 |= *verb == Verb::Read;
                entry.1 |= *verb == Verb::Write;
            }
        }
        let tables = tables
            .into_iter()
            .map(|((schema, table), (read, write))| TableGrant {
                schema: schema.to_owned(),
                table: table.to_owned(),
                read,
                write,
            })
            .collect();
        let keys = [Verb::Read, Verb::Write].map(|verb| (Keys::of(ceiling, verb), Keys::of(granted, verb)));
        let wasi = most.intersect(given);
        Self { ceiling: ceiling.to_vec(), granted: granted.to_vec(), tables, keys, wasi }
    }

    /// Whether ceiling and grant both cover the call.
    #[must_use]
    pub fn allow(&self, tool: Tool, verb: Verb, resource: Option<&str>) -> bool {
        match tool {
            Tool::Sql => self.tables.iter().any(|table| match verb {
                Verb::Read => table.read,
                Verb::Write => table.write,
                Verb::Wait => false,
            }),
            Tool::Kv => {
                let [read, write] = &self.keys;
                let (ceiling, granted) = match verb {
                    Verb::Read => read,
                    Verb::Write => write,
                    Verb::Wait => return false,
                };
                resource.is_some_and(|key| ceiling.cover(key) && granted.cover(key))
            }
            Tool::Log | Tool::Clock | Tool::Random => {
                let covered = |rules: &[Rule]| rules.iter().any(|rule| rule.covers(tool, verb, resource));
                covered(&self.ceiling) && covered(&self.granted)
            }
        }
    }

    /// Whether an import of the tool's interface is granted: whether any operation of it may be called.
    #[must_use]
    pub fn import(&self, tool: Tool) -> bool {
        match tool {
            Tool::Sql => !self.tables.is_empty(),
            Tool::Kv | Tool::Log | Tool::Clock | Tool::Random => self.ceiling.iter().any(|rule| {
                rule.tool() == tool
                    && self.granted.iter().any(|other| other.tool() == tool && other.verb() == rule.verb())
            }),
        }
    }

    pub(super) fn ceiling(&self) -> &[Rule] {
        &self.ceiling
    }

    pub(super) fn granted(&self) -> &[Rule] {
        &self.granted
    }

    /// Whether imports of a WASI family are granted.
    #[must_use]
    pub fn family(&self, family: Family) -> bool {
        self.wasi.has(family)
    }

    /// Bytes of the run's scratch directory, where one is granted.
    #[must_use]
    pub fn scratch_bytes(&self) -> Option<u64> {
        self.wasi.scratch()
    }

    /// The tables, each with what may be done to its rows.
    #[must_use]
    pub fn tables(&self) -> &[TableGrant] {
        &self.tables
    }

    /// Whether any granted tool works on the tenant's data in Postgres.
    #[must_use]
    pub fn need_database(&self) -> bool {
        self.import(Tool::Sql) || self.import(Tool::Kv)
    }
}
