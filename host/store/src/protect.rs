//! Rewrites a user's table so that it passes `casemate db check`: as a migration for review, or carried out in one
//! transaction that is undone if anything is found afterwards. Where the right answer isn't in the catalog it stops and
//! asks for it. It doesn't know which agents use the table.

mod facts;
mod keys;
mod policies;

use std::collections::BTreeSet;

use sqlx::postgres::types::Oid;
use sqlx::{Connection, PgConnection};

use crate::check;
use crate::error::{StoreError, sqlstate};
use crate::session::Db;
use crate::wire::{self, identifier};
use facts::{Member, Numbered, Table};
use keys::Reference;
use policies::{Fate, Policy};

/// Random and not negative: what a number without a sequence is made of.
const RANDOM: &str = "('x' || translate(gen_random_uuid()::text, '-', ''))::bit(64)::bigint & 9223372036854775807";

/// What protects a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// The table, quoted, with its schema.
    pub table: String,
    /// Statements in order, comments between them. None where nothing is to be done.
    pub statements: Vec<String>,
}

impl Protection {
    /// The whole as an SQL file.
    #[must_use]
    pub fn script(&self) -> String {
        if self.statements.is_empty() {
            return format!("-- {} is protected: nothing to do.", self.table);
        }
        let head =
            "Review it, then apply it with `casemate db apply`, or all at once with `casemate db protect --apply`.";
        format!("-- Protects {}. {head}\nbegin;\n{}\ncommit;", self.table, self.statements.join("\n"))
    }

    fn push(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    fn note(&mut self, text: &str) {
        self.push(format!("-- {}", text.replace(['\n', '\r'], " ")));
    }

    fn refused(&self, why: impl Into<String>) -> StoreError {
        StoreError::Protect { table: self.table.clone(), why: why.into() }
    }
}

impl Db {
    /// What would protect the table; nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Protect`] where the catalog doesn't say what to do; [`StoreError::Unreachable`].
    pub async fn protection(&self, table: &str) -> Result<Protection, StoreError> {
        self.protecting(table, false).await
    }

    /// The same, carried out: all of it, or nothing.
    ///
    /// # Errors
    /// As [`Db::protection`]; [`StoreError::Sql`] when Postgres refuses a statement.
    pub async fn protect(&self, table: &str) -> Result<Protection, StoreError> {
        self.protecting(table, true).await
    }

    async fn protecting(&self, table: &str, is_applied: bool) -> Result<Protection, StoreError> {
        let (info, table) = (self.info().clone(), table.to_owned());
        let done = self.on_host(async move {
            let mut owner = info.owner().await?;
            let mut tx = owner.begin().await.map_err(StoreError::unreachable)?;
            let plan = plan(&mut tx, &table).await?;
            if is_applied {
                wire::simple(&mut tx, plan.statements.join("\n")).await.map_err(|error| failed(&plan, error))?;
                let left = check::findings(&mut tx).await?;
                if let Some(left) = left.iter().find(|finding| finding.object == plan.table) {
                    return Err(plan.refused(format!("{}: {}", left.rule(), left.remedy())));
                }
                tx.commit().await.map_err(StoreError::unreachable)?;
            } else {
                tx.rollback().await.map_err(StoreError::unreachable)?;
            }
            owner.close().await.map_err(StoreError::unreachable)?;
            Ok(plan)
        });
        done.await.map_err(StoreError::unreachable)?
    }
}

fn failed(plan: &Protection, source: sqlx::Error) -> StoreError {
    match sqlstate(&source) {
        Some(code) if code == "23503" => {
            plan.refused("correct the rows that refer to rows of other tenants, then run this again")
        }
        code => StoreError::Sql { sqlstate: code.unwrap_or_default(), source },
    }
}

async fn plan(conn: &mut PgConnection, name: &str) -> Result<Protection, StoreError> {
    let asked = Protection { table: name.to_owned(), statements: Vec::new() };
    let found = facts::table(conn, name).await;
    // What isn't a name is no table's.
    let Some(table) = found.map_err(|_| asked.refused("name a table, as in `public.assessments`"))? else {
        return Err(asked.refused("name a table that is there, with its schema"));
    };
    let mut plan = Protection { table: table.name.clone(), statements: Vec::new() };
    expect_possible(&plan, &table)?;
    let members = facts::members(conn, &table).await.map_err(StoreError::unreachable)?;
    let oids: Vec<Oid> = members.iter().map(|member| member.oid).collect();
    let references = keys::references(conn, &oids).await.map_err(StoreError::unreachable)?;
    expect_references(&plan, &references)?;

    for member in &members {
        drop_policies(conn, &mut plan, member).await?;
    }
    references.iter().for_each(|reference| plan.push(reference.drop()));
    tenant(conn, &mut plan, &table).await?;
    for numbered in facts::numbered(conn, &table).await.map_err(StoreError::unreachable)? {
        unnumber(&mut plan, &numbered)?;
    }
    let keys = keys::keys(conn, &oids).await.map_err(StoreError::unreachable)?;
    for key in &keys {
        let rewritten = if key.is_exclusion { None } else { key.rewritten() };
        let why = || plan.refused(format!("replace {} by one that compares `tenant_id` with `=` too", key.name()));
        let [drop, anew] = rewritten.ok_or_else(why)?;
        plan.push(drop);
        plan.push(anew);
    }
    refer_again(&mut plan, &references)?;
    let will_have_index = keys.iter().any(|key| key.table == table.name);
    if !will_have_index && !facts::has_index(conn, &table).await.map_err(StoreError::unreachable)? {
        plan.push(format!("create index on {} (tenant_id);", table.name));
    }
    for member in &members {
        for (role, verbs) in facts::excess(conn, member.oid).await.map_err(StoreError::unreachable)? {
            plan.push(format!("revoke {verbs} on {} from {role};", member.name));
        }
        make_policies(conn, &mut plan, member).await?;
    }
    // Where nothing is to be done, there is nothing to remark on either.
    if plan.statements.iter().all(|statement| statement.starts_with("--")) {
        plan.statements.clear();
    }
    Ok(plan)
}

fn expect_possible(plan: &Protection, table: &Table) -> Result<(), StoreError> {
    if table.is_hosts {
        return Err(plan.refused("name a table of your own: this one is the host's or Postgres's"));
    }
    if !matches!(table.kind.as_str(), "r" | "p") {
        return Err(plan.refused("name a table: views are made safe with `security_invoker = true`"));
    }
    if table.is_partition {
        return Err(plan.refused("name the table that it is a partition of"));
    }
    if table.owner != "casemate_migrate" {
        return Err(plan.refused(format!("let a superuser run `alter table {} owner to casemate_migrate`", table.name)));
    }
    if let Some(strange) = &table.strange {
        return Err(plan.refused(format!("drop its {strange}, which runs with other rights than the statement's")));
    }
    match &table.tenant {
        Some(tenant) if tenant.kind != "uuid" => Err(plan.refused("make its column `tenant_id` a uuid")),
        Some(tenant) if tenant.is_generated => Err(plan.refused("make `tenant_id` a column that isn't generated")),
        _ => Ok(()),
    }
}

fn expect_references(plan: &Protection, references: &[Reference]) -> Result<(), StoreError> {
    for reference in references {
        let Reference { child, parent, name, .. } = reference;
        if !reference.is_own && reference.is_outgoing && !reference.parent_is_ready {
            let why = format!("protect {parent} first, or drop {name}: it refers to a table that isn't protected");
            return Err(plan.refused(why));
        }
        if !reference.is_outgoing && !reference.child_has_tenant {
            return Err(plan.refused(format!("give {child}, which refers to it, a column `tenant_id uuid` first")));
        }
        if reference.anew().is_none() {
            let why = format!("write {name} of {child} anew: on update it changes the tenant, or it matches in full");
            return Err(plan.refused(why));
        }
    }
    Ok(())
}

/// The checks of a new foreign key run as the owner, and under FORCE it would see no rows to check.
fn refer_again(plan: &mut Protection, references: &[Reference]) -> Result<(), StoreError> {
    let child = references.iter().filter(|reference| reference.child_is_forced).map(|reference| &reference.child);
    let parent = references.iter().filter(|reference| reference.parent_is_forced).map(|reference| &reference.parent);
    let forced: BTreeSet<&String> = child.chain(parent).collect();
    forced.iter().for_each(|table| plan.push(format!("alter table {table} no force row level security;")));
    for reference in references {
        let anew = reference.anew().ok_or_else(|| plan.refused("write its foreign keys anew"))?;
        plan.push(anew);
    }
    forced.iter().for_each(|table| plan.push(format!("alter table {table} force row level security;")));
    Ok(())
}

async fn tenant(conn: &mut PgConnection, plan: &mut Protection, table: &Table) -> Result<(), StoreError> {
    let name = &table.name;
    let Some(tenant) = &table.tenant else {
        if facts::any(conn, table, "true").await.map_err(StoreError::unreachable)? {
            let why = format!("run `alter table {name} add tenant_id uuid` and say whose each row is: it has rows");
            return Err(plan.refused(why));
        }
        plan.push(format!("alter table {name} add column tenant_id uuid not null default app.tenant();"));
        return Ok(());
    };
    if !tenant.is_required {
        if facts::any(conn, table, "tenant_id is null").await.map_err(StoreError::unreachable)? {
            return Err(plan.refused("say whose each row is: some have no `tenant_id`"));
        }
        plan.push(format!("alter table {name} alter column tenant_id set not null;"));
    }
    if tenant.default.as_deref() != Some("app.tenant()") {
        plan.push(format!("alter table {name} alter column tenant_id set default app.tenant();"));
    }
    Ok(())
}

fn unnumber(plan: &mut Protection, numbered: &Numbered) -> Result<(), StoreError> {
    let Numbered { column, kind, is_identity, sequence } = numbered;
    if kind != "bigint" {
        let why = format!("make the column {column} a uuid or bigint: gaps in its numbers count other tenants' rows");
        return Err(plan.refused(why));
    }
    let (table, quoted) = (plan.table.clone(), identifier(column));
    plan.note(&format!("Gaps in the numbers of {column} count other tenants' rows: new ones are random."));
    if *is_identity {
        plan.push(format!("alter table {table} alter column {quoted} drop identity;"));
    }
    plan.push(format!("alter table {table} alter column {quoted} set default {RANDOM};"));
    if let Some(sequence) = sequence {
        plan.push(format!("drop sequence {sequence};"));
    }
    Ok(())
}

async fn drop_policies(conn: &mut PgConnection, plan: &mut Protection, member: &Member) -> Result<(), StoreError> {
    for policy in facts::policies(conn, member.oid).await.map_err(StoreError::unreachable)? {
        let Policy { name, using, check, .. } = &policy;
        let (table, quoted) = (&member.name, identifier(name));
        match policy.fate() {
            Fate::Kept => {}
            Fate::Replaced => {
                let said = [using, check].into_iter().flatten().cloned().collect::<Vec<_>>().join(" and ");
                plan.note(&format!("Policy {quoted} said {said}; the floor says it safely."));
                plan.push(format!("drop policy {quoted} on {table};"));
            }
            Fate::Unclear => {
                let why = format!("make the policy {name} restrictive, name the agents' role in it, or drop it");
                return Err(plan.refused(why));
            }
        }
    }
    Ok(())
}

async fn make_policies(conn: &mut PgConnection, plan: &mut Protection, member: &Member) -> Result<(), StoreError> {
    let policies = facts::policies(conn, member.oid).await.map_err(StoreError::unreachable)?;
    let kept: Vec<&Policy> = policies.iter().filter(|policy| policy.fate() == Fate::Kept).collect();
    let free = |name: &str| {
        let taken = |name: &str| kept.iter().any(|policy| policy.name == name);
        if taken(name) { format!("casemate_{name}") } else { name.to_owned() }
    };
    let table = &member.name;
    if !member.is_enabled {
        plan.push(format!("alter table {table} enable row level security;"));
    }
    if !member.is_forced {
        plan.push(format!("alter table {table} force row level security;"));
    }
    for policy in kept.iter().filter(|policy| !policy.is_floor && !policy.is_permissive) {
        plan.note(&format!("Policy {} only narrows, and stays.", identifier(&policy.name)));
    }
    if !kept.iter().any(|policy| policy.is_floor) {
        plan.push(format!(
            "create policy {} on {table} as restrictive to public\n    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));",
            free("tenant_floor")
        ));
    }
    if !kept.iter().any(|policy| policy.is_permissive && policy.is_for("casemate_agent")) {
        plan.push(format!(
            "create policy {} on {table} to casemate_agent using (true) with check (true);",
            free("tenant_rows")
        ));
    }
    Ok(())
}
