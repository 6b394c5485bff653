//! Reads the catalog for what breaks row isolation, and for who may do what. The host opens no database for agents while
//! anything is found. It doesn't repair (`protect`), and it believes the catalog, not what migrations meant to do.

mod exemptions;
mod rule;

use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};

use crate::error::StoreError;
use crate::floor::has_floor;
use crate::session::Db;
use crate::wire;
use rule::{RULES, Rule};

/// One query, so that a start costs one more round trip.
const QUERY: &str = include_str!("check/rules.sql");
const RIGHTS: &str = include_str!("check/rights.sql");

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    rule: &'static Rule,
    /// Table, function, role or what else it is, as SQL would name it.
    pub object: String,
    /// Which part of it, or to whom.
    pub note: Option<String>,
}

impl Finding {
    /// The rule's stable id.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.rule.id
    }

    /// What is wrong.
    #[must_use]
    pub const fn wrong(&self) -> &'static str {
        self.rule.wrong
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.rule.remedy.replace("{}", &self.object)
    }
}

/// What a role may do with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Login or agents' role.
    pub role: String,
    /// The table or view.
    pub table: String,
    /// `SELECT`, or `SELECT of columns`, and so on.
    pub verbs: Vec<String>,
    /// Whose rows are left to it.
    pub rows: String,
}

impl Db {
    /// Everything that breaks a rule, by rule and object.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn check(&self) -> Result<Vec<Finding>, StoreError> {
        let info = self.info().clone();
        let found = self.on_host(async move {
            let mut owner = info.owner().await?;
            let found = findings(&mut owner).await?;
            owner.close().await.map_err(StoreError::unreachable)?;
            Ok(found)
        });
        found.await.map_err(StoreError::unreachable)?
    }

    /// What each login and each agents' role may do with each table.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn rights(&self) -> Result<Vec<Right>, StoreError> {
        let read = |row: &PgRow| {
            Ok::<_, sqlx::Error>(Right {
                role: row.try_get(0)?,
                table: row.try_get(1)?,
                verbs: row.try_get(2)?,
                rows: row.try_get(3)?,
            })
        };
        let info = self.info().clone();
        let rows = self.on_host(async move {
            let mut owner = info.owner().await?;
            let rows = wire::query(RIGHTS.replace("{floor}", &has_floor("c.oid")))
                .fetch_all(&mut owner)
                .await
                .map_err(StoreError::unreachable)?;
            owner.close().await.map_err(StoreError::unreachable)?;
            Ok::<_, StoreError>(rows)
        });
        let rows = rows.await.map_err(StoreError::unreachable)??;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(StoreError::unreachable)
    }

    /// Refuses a database that doesn't keep tenants apart.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`] with the first finding.
    pub async fn expect_safe(&self) -> Result<(), StoreError> {
        let findings = self.check().await?;
        match findings.split_first() {
            None => Ok(()),
            Some((first, others)) => {
                let Finding { rule, object, .. } = first.clone();
                Err(StoreError::Unsafe { rule: rule.id, object, others: others.len() })
            }
        }
    }
}

/// As the owner of the tables, in a transaction or not.
pub(crate) async fn findings(conn: &mut PgConnection) -> Result<Vec<Finding>, StoreError> {
    let names = |list: &[(&str, &str)]| list.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    let query = wire::query(QUERY.replace("{floor}", &has_floor("r.oid")))
        .bind(names(exemptions::TABLES))
        .bind(names(exemptions::FUNCTIONS));
    let rows = query.fetch_all(conn).await.map_err(StoreError::unreachable)?;
    rows.iter().map(finding).collect::<Result<_, _>>().map_err(StoreError::unreachable)
}

/// A rule that this list doesn't have can't come: a test holds the query to it.
fn finding(row: &PgRow) -> Result<Finding, sqlx::Error> {
    let id: String = row.try_get(0)?;
    let rule = RULES.iter().find(|rule| rule.id == id).ok_or_else(|| sqlx::Error::Decode(id.into()))?;
    Ok(Finding { rule, object: row.try_get(1)?, note: row.try_get(2)? })
}

#[cfg(test)]
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.id)
}
