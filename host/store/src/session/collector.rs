//! Rows as they come, within caps. It doesn't know which statement they belong to.

use casemate_gate::Value;
use sqlx::postgres::PgRow;
use sqlx::{Column, Row};

use super::error::SqlError;
use super::values::cell;
use crate::wire;

/// What a statement may return at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Rows.
    pub rows: usize,
    /// Bytes of all cells, in Postgres's text form.
    pub bytes: usize,
}

/// What a statement returned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Names of the columns; none when there is no row.
    pub columns: Vec<String>,
    /// Row by row, cell by cell.
    pub rows: Vec<Vec<Value>>,
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Collector {
    caps: Caps,
    bytes: usize,
    pub(super) rows: Rows,
    pub(super) changed: u64,
}

impl Collector {
    pub(super) fn new(caps: Caps) -> Self {
        Self { caps, bytes: 0, rows: Rows::default(), changed: 0 }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.rows.rows.len() >= self.caps.rows
    }

    pub(super) fn take(&mut self, row: &PgRow) -> Result<(), SqlError> {
        if self.is_full() {
            return Err(SqlError::TooManyRows { limit: self.caps.rows });
        }
        if self.rows.columns.is_empty() {
            self.rows.columns = names(row);
        }
        match self.put(Cells::of(row, self.caps.bytes)?) {
            None => Ok(()),
            Some(_) => Err(SqlError::TooManyBytes { limit: self.caps.bytes }),
        }
    }

    /// Takes the row's cells, or gives them back for want of room.
    pub(super) fn put(&mut self, row: Cells) -> Option<Cells> {
        let bytes = self.bytes.saturating_add(row.bytes);
        if bytes > self.caps.bytes {
            return Some(row);
        }
        self.bytes = bytes;
        self.rows.rows.push(row.cells);
        None
    }
}

/// Names of a row's columns, in their order.
pub(super) fn names(row: &PgRow) -> Vec<String> {
    row.columns().iter().map(|column| column.name().to_owned()).collect()
}

/// The cells of one row.
#[derive(Debug)]
pub(super) struct Cells {
    cells: Vec<Value>,
    bytes: usize,
}

impl Cells {
    /// Reads a row of at most so many bytes.
    pub(super) fn of(row: &PgRow, limit: usize) -> Result<Self, SqlError> {
        let mut cells = Vec::with_capacity(row.columns().len());
        let mut bytes = 0_usize;
        for (index, column) in row.columns().iter().enumerate() {
            let text = wire::text(row, index).map_err(SqlError::unavailable)?;
            bytes = bytes.saturating_add(text.as_ref().map_or(1, String::len));
            if bytes > limit {
                return Err(SqlError::TooManyBytes { limit });
            }
            cells.push(cell(column.type_info().oid().map_or(0, |oid| oid.0), text)?);
        }
        Ok(Self { cells, bytes })
    }
}
