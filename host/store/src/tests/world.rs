//! What the cases share: two tenants with rows, a role, and scopes. It doesn't judge anything.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::call::Origin;
use casemate_gate::identity::{Identity, Standing};
use casemate_gate::job::NewRun;
use casemate_gate::journal::{Row, RowKind};
use casemate_gate::rls::{Scope, bookkeeping};
use casemate_gate::{AgentName, Digest, Epoch, RunId, Seq, TenantId, Value, Verb};
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use casemate_gate::policy::TableGrant;

use crate::{Access, Caps, Cluster, ConnectInfo, Db, Door, HeldRun, SqlError, TenantTx, provision};

pub(super) type AnyError = Box<dyn Error + Send + Sync>;
pub(super) type Outcome = Result<(), AnyError>;

pub(super) const CAPS: Caps = Caps { rows: 1000, bytes: 1 << 20 };
/// Rows of each tenant.
pub(super) const ROWS: usize = 20;

#[derive(Clone)]
pub(super) struct World {
    pub(super) db: Db,
    pub(super) home: std::path::PathBuf,
    pub(super) one: TenantId,
    pub(super) other: TenantId,
    pub(super) role: String,
    /// For what only a superuser can do to a database, and then only in tests.
    pub(super) superuser: PgConnectOptions,
}

impl World {
    pub(super) async fn new(cluster: &Cluster) -> Result<Self, AnyError> {
        Self::over(&provision(cluster).await?, cluster.directory(), superuser(cluster)).await
    }

    /// The same, whoever has started the server; `home` is its directory.
    pub(super) async fn over(info: &ConnectInfo, home: &Path, superuser: PgConnectOptions) -> Result<Self, AnyError> {
        let db = Db::connect(info).await?;
        let (one, other) = (db.add_tenant("one").await?, db.add_tenant("other").await?);
        info.apply_sql(&seed(one, other)).await?;
        info.apply_sql(&items(one, other)).await?;
        let role = db.ensure_agent_role(&[grant("assessments", &[Verb::Read, Verb::Write])]).await?;
        Ok(Self { db, home: home.to_owned(), one, other, role, superuser })
    }

    pub(super) fn scope(&self, tenant: TenantId, run: RunId) -> Result<Scope, AnyError> {
        self.scope_as(tenant, run, Some(self.role.clone()))
    }

    pub(super) fn scope_as(&self, tenant: TenantId, run: RunId, role: Option<String>) -> Result<Scope, AnyError> {
        let origin = Origin { tenant, agent: AgentName::try_from("assessor".to_owned())?, run };
        Ok(bookkeeping(&Identity::fix(origin, role, Arc::new(Standing::default()))))
    }

    /// An agent's transaction for the first tenant, outside of any run.
    pub(super) async fn sql(&self, access: Access) -> Result<TenantTx, AnyError> {
        let scope = self.scope(self.one, new_id())?;
        Ok(TenantTx::begin(&self.db, &scope, access, Door::Sql, soon()).await?)
    }

    /// A run that this host holds, with its scope and epoch.
    pub(super) async fn run(&self, tenant: TenantId) -> Result<(Scope, RunId, Epoch), AnyError> {
        let id = new_id();
        let scope = self.scope(tenant, id)?;
        self.create(&scope, id).await?;
        let held = self.claim(&scope, id).await?;
        Ok((scope, id, held.run.epoch))
    }

    /// A run without a journal, so that cases see their own rows alone.
    pub(super) async fn create(&self, scope: &Scope, id: RunId) -> Outcome {
        let run = new_run(scope, id);
        let mut tx = TenantTx::begin(&self.db, scope, Access::Write, Door::Records, soon()).await?;
        let create = "insert into casemate.runs (id, agent, component_digest, policy_digest, wrapped_key, job_id)
            values ($1, $2, $3, $4, $5, $1)";
        let create = sqlx::query(create)
            .bind(id.as_uuid())
            .bind(String::from(run.agent))
            .bind(run.component.as_bytes().to_vec())
            .bind(run.policy.as_bytes().to_vec())
            .bind(run.wrapped_key);
        let created = tx.records(true, move |conn| {
            Box::pin(async move { create.execute(conn).await.map(drop).map_err(SqlError::from_postgres) })
        });
        created.await?;
        Ok(tx.commit().await?)
    }

    /// Takes hold of it, whoever holds it.
    pub(super) async fn claim(&self, scope: &Scope, id: RunId) -> Result<HeldRun, AnyError> {
        Ok(self.db.take_over(scope, None, id).await?)
    }
}

pub(super) fn new_id() -> RunId {
    Uuid::now_v7().into()
}

pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

pub(super) fn new_run(scope: &Scope, id: RunId) -> NewRun {
    let (component, policy) = (Digest::of(b"component"), Digest::of(b"policy"));
    NewRun { id, agent: scope.agent().clone(), component, policy, wrapped_key: vec![1, 2, 3] }
}

pub(super) fn row(run: RunId, seq: u64, epoch: Epoch, kind: RowKind) -> Row {
    Row { run, seq: Seq::new(seq), epoch, kind, sealed: format!("frame {seq}").into_bytes() }
}

pub(super) fn grant(table: &str, verbs: &[Verb]) -> TableGrant {
    let (read, write) = (verbs.contains(&Verb::Read), verbs.contains(&Verb::Write));
    TableGrant { schema: "public".into(), table: table.into(), read, write }
}

/// The one number that a query returns.
pub(super) async fn number(tx: &mut TenantTx, query: &str) -> Result<i64, AnyError> {
    let rows = tx.query(query, &[], CAPS).await?;
    match rows.rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(number)) => Ok(*number),
        other => Err(format!("{query}: {other:?}").into()),
    }
}

pub(super) fn superuser(cluster: &Cluster) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(cluster.socket())
        .port(5432)
        .database("casemate")
        .username("postgres")
        .password(cluster.superuser_password())
}

/// Key of a tenant's nth item.
pub(super) fn item_of(tenant: TenantId, n: u128) -> String {
    Uuid::from_u128(tenant.as_uuid().as_u128() ^ (n << 8)).to_string()
}

/// A table as it should be, a sequence, a view, and a table in parts. The other tenant's rows lie between the first's.
fn items(one: TenantId, other: TenantId) -> String {
    let floor = "using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()))";
    let mut sql = "create table public.items (id uuid not null default gen_random_uuid(),
            tenant_id uuid not null default app.tenant(), n integer, primary key (tenant_id, id));
        create sequence public.numbers;
        create view public.looking_safely with (security_invoker = true) as select * from public.items;
        create table public.parted (tenant_id uuid not null default app.tenant(), n integer) partition by list (n);
        create table public.parted_one partition of public.parted for values in (1);"
        .to_owned();
    for n in 1..=ROWS {
        for tenant in [one, other] {
            let id = item_of(tenant, n as u128);
            sql.push_str(&format!("insert into public.items values ('{id}', '{tenant}', {n});"));
        }
    }
    for tenant in [one, other] {
        sql.push_str(&format!("insert into public.parted values ('{tenant}', 1);"));
    }
    for table in ["items", "parted", "parted_one"] {
        sql.push_str(&format!(
            "alter table public.{table} enable row level security;
            alter table public.{table} force row level security;
            create policy floor on public.{table} as restrictive to public {floor};
            create policy rw on public.{table} to casemate_agent using (true) with check (true);"
        ));
    }
    sql
}

fn seed(one: TenantId, other: TenantId) -> String {
    format!(
        "create table public.assessments (
            id uuid primary key default gen_random_uuid(), tenant_id uuid not null default app.tenant(),
            score integer, notes text, due date, amount numeric(10, 2), tags text[]);
        create index on public.assessments (tenant_id, id);
        insert into public.assessments (tenant_id, notes) select '{one}', 'one ' || n from generate_series(1, {ROWS}) n;
        insert into public.assessments (tenant_id, notes) select '{other}', 'other ' || n from generate_series(1, {ROWS}) n;
        alter table public.assessments enable row level security;
        alter table public.assessments force row level security;
        create policy floor on public.assessments as restrictive to public
            using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
        create policy rw on public.assessments to casemate_agent using (true) with check (true);

        create table public.secrets (like public.assessments including all);
        alter table public.secrets enable row level security;
        alter table public.secrets force row level security;
        create policy floor on public.secrets as restrictive to public
            using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));

        create table public.unprotected (id int);
        create table public.unforced (tenant_id uuid);
        alter table public.unforced enable row level security;
        create policy floor on public.unforced as restrictive to public
            using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
        create table public.permissive (tenant_id uuid);
        alter table public.permissive enable row level security;
        alter table public.permissive force row level security;
        create policy floor on public.permissive using (tenant_id = (select app.tenant()));
        create table public.loose (tenant_id uuid);
        alter table public.loose enable row level security;
        alter table public.loose force row level security;
        create policy floor on public.loose as restrictive to public
            using (tenant_id = (select app.tenant())) with check (true);
        create view public.looking as select * from public.assessments;"
    )
}
