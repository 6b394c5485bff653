//! Tenants as data: suspended from a second terminal while their agents run, exported, deleted. It doesn't know what the
//! agents do.

mod deleted;
mod exported;
mod suspended;

use serde_json::Value;

use crate::host::{Host, Tested};
use crate::said::text;

/// A table with what is hard to write down and read back, and one that refers to it, both ways.
const TABLES: &str = "
create table public.odd (
    tenant_id uuid not null default app.tenant(), id integer not null, amount numeric, ratio double precision,
    at timestamptz, day date, span interval, bytes bytea, tags text[], doc jsonb, words text, flag boolean,
    \"a \"\" column\" text, sum numeric generated always as (amount * 2) stored, boss integer,
    primary key (tenant_id, id));
alter table public.odd add foreign key (tenant_id, boss) references public.odd (tenant_id, id);
create table public.\"Odd parts\" (
    tenant_id uuid not null default app.tenant(), part integer not null, of integer not null,
    primary key (tenant_id, part), foreign key (tenant_id, of) references public.odd (tenant_id, id));
create table public.left_hand (tenant_id uuid not null, id integer not null, other integer, primary key (tenant_id, id));
create table public.right_hand (tenant_id uuid not null, id integer not null, other integer, primary key (tenant_id, id),
    foreign key (tenant_id, other) references public.left_hand (tenant_id, id));
create table public.split (tenant_id uuid not null, id integer not null, note text) partition by range (id);
create table public.split_low partition of public.split for values from (0) to (10);
create table public.split_high partition of public.split for values from (10) to (100);
";

/// Rows of each tenant, marked with its name.
const ROWS: &str = "
insert into public.odd (tenant_id, id, amount, ratio, at, day, span, bytes, tags, doc, words, flag, \"a \"\" column\", boss)
select t.id, n, 1.10 + n * 1e-30::numeric, 0.1::float8 + n, '2026-01-02 03:04:05.678901+02', '0044-03-15 BC', '1 mon 2 days 03:04:05.6',
    '\\x00ff27225c', array['a,b', null, '\"', '', t.name], '{\"b\": 1.10, \"a\": [null]}', E'line\\nline\\ttab \"quoted\" \\\\ ' || 'mark-of-' || t.name, n = 1,
    null, case when n > 1 then 1 end
from casemate.tenants t, generate_series(1, 3) n;
insert into public.\"Odd parts\" (tenant_id, part, of) select t.id, n, 1 + n % 3 from casemate.tenants t, generate_series(1, 7) n;
insert into public.left_hand select t.id, n, n from casemate.tenants t, generate_series(1, 2) n;
insert into public.right_hand select t.id, n, n from casemate.tenants t, generate_series(1, 2) n;
alter table public.left_hand add foreign key (tenant_id, other) references public.right_hand (tenant_id, id);
insert into public.split select t.id, n, 'mark-of-' || t.name from casemate.tenants t, generate_series(5, 14) n;
";

/// The tables by name, with the rows that each tenant has.
const COUNTS: [(&str, u64); 7] = [
    ("public.\"Odd parts\"", 7),
    ("public.assessments", 300),
    ("public.left_hand", 2),
    ("public.odd", 3),
    ("public.right_hand", 2),
    ("public.split", 10),
    ("public.summaries", 0),
];

/// A host whose tenants have rows of all kinds in tables under the floor.
fn with_tables() -> Tested<Host> {
    let host = Host::seeded()?;
    let mut sql = format!("{TABLES}{ROWS}");
    for table in ["public.odd", "public.\"Odd parts\"", "public.left_hand", "public.right_hand", "public.split"] {
        sql.push_str(&format!(
            "alter table {table} enable row level security; alter table {table} force row level security;
             create policy tenant_floor on {table} as restrictive to public
                using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
             create policy tenant_rows on {table} to casemate_agent using (true) with check (true);"
        ));
    }
    let file = host.file("tables.sql", sql)?;
    host.ask(&["db", "apply", &file])?.expect(0)?;
    Ok(host)
}

/// The id of a tenant.
fn id_of(host: &Host, tenant: &str) -> Tested<String> {
    let listed = host.ask(&["tenant", "list"])?;
    let found = listed.expect(0)?.lines.iter().find(|line| text(line, "/tenant") == tenant);
    Ok(text(found.ok_or("a tenant")?, "/id").to_owned())
}

/// The entries that change something in the log of a tenant, or of the host with the nil id.
fn changes(host: &Host, id: &str) -> Tested<Vec<Value>> {
    let mut found = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let entry = entry?;
        if entry.origin.tenant.to_string() == id && entry.leaf.kind == casemate_ledger::Kind::Registry {
            found.push(serde_json::from_slice(&entry.payload)?);
        }
    }
    Ok(found)
}
