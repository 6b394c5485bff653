//! What an agent leaves in a session that it shares with every other tenant, and how soon its statement ends when
//! nobody waits for it any more.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use casemate_gate::{Value, Verb};
use sqlx::PgConnection;

use super::Elsewhere;
use super::bouncer::Release;
use super::probed::superuser;
use crate::error::sqlstate;
use crate::tests::world::{AnyError, CAPS, Outcome, World, grant, new_id, soon};
use crate::{Access, Db, Door, TenantTx, wire};

/// What would outlive a transaction if an agent could do it, one way each.
const ATTEMPTS: [&str; 12] = [
    "select set_config('search_path', 'pg_temp', false)",
    "select set_config('request.jwt.claims', '{}', false)",
    "select pg_advisory_lock(7)",
    "select pg_try_advisory_lock_shared(7, 7)",
    "select setseed(0.5)",
    "select nextval('public.counted_id_seq')",
    "select setval('public.counted_id_seq', 42)",
    "select lastval()",
    "select currval('public.counted_id_seq')",
    "select pg_notify('a', 'b')",
    "select lo_create(0)",
    "create temp table t (a int)",
];

/// What the next one finds in the session.
const STATE: &str = "select concat_ws('|', current_user, coalesce(current_setting('request.jwt.claims', true), ''), \
    coalesce(current_setting('app.seal', true), ''), current_setting('search_path'), current_setting('row_security'), \
    current_setting('statement_timeout'), current_setting('transaction_read_only'), current_setting('TimeZone'), \
    current_setting('role'))";

/// A table with what a session remembers of a sequence.
const NUMBERS: &str = "create table public.counted (
        id bigint generated always as identity, tenant_id uuid not null default app.tenant());
    alter table public.counted enable row level security;
    alter table public.counted force row level security;
    create policy floor on public.counted as restrictive to public
        using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
    create policy rw on public.counted to casemate_agent using (true) with check (true);";

/// With one session for all, whatever is left in it is there for the next tenant.
pub(super) async fn a_session_is_left_as_it_was_found(elsewhere: Elsewhere) -> Outcome {
    let (bouncer, external) = elsewhere.behind(Release::SAFE, "default_pool_size = 1")?;
    let world = elsewhere.world(&external).await?;
    world.db.info().apply_sql(NUMBERS).await?;
    let role = world.db.ensure_agent_role(&[grant("counted", &[Verb::Read, Verb::Write])]).await?;
    let mut conn = superuser(&elsewhere).await?;
    let mut sessions = BTreeSet::new();
    for attempt in ATTEMPTS {
        let scope = world.scope_as(world.one, new_id(), Some(role.clone()))?;
        let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, soon()).await?;
        tx.change("insert into public.counted default values", &[]).await?;
        let done = tx.query(attempt, &[], CAPS).await;
        assert!(done.is_err(), "{attempt}: {done:?}");
        tx.commit().await?;

        let scope = world.scope_as(world.other, new_id(), Some(role.clone()))?;
        let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, soon()).await?;
        for peek in ["select lastval()", "select currval('public.counted_id_seq')"] {
            assert!(tx.query(peek, &[], CAPS).await.is_err(), "{peek} after {attempt}");
        }
        let rows = tx.query("select id from public.counted", &[], CAPS).await?;
        assert_eq!(rows.rows, Vec::<Vec<Value>>::new(), "after {attempt}");
        tx.rollback().await?;

        let mut lease = world.db.lease(Door::Sql).await?;
        let found = wire::simple(lease.get(), STATE.to_owned()).await?;
        assert_eq!(found, [Some("casemate_sql|||public|on|30s|off|UTC|none".to_owned())], "after {attempt}");
        for statement in ["execute casemate_run", "execute casemate_filter"] {
            let gone = wire::simple(lease.get(), statement.to_owned()).await;
            let state = gone.as_ref().err().and_then(sqlstate);
            assert_eq!(state.as_deref(), Some("26000"), "{statement} after {attempt}: {gone:?}");
        }
        lease.clean();
        let pids = "select pid::text from pg_stat_activity where usename = 'casemate_sql'".to_owned();
        sessions.extend(wire::simple(&mut conn, pids).await?);
    }
    assert_eq!(sessions.len(), 1, "one session served them all");
    println!("{} attempts refused in one session", ATTEMPTS.len());
    let locks = "select count(*)::text from pg_locks where locktype = 'advisory'".to_owned();
    assert_eq!(wire::simple(&mut conn, locks).await?, [Some("0".to_owned())]);
    world.db.close().await;
    drop(bouncer);
    cleaned_by_the_pooler(&elsewhere).await
}

/// A pooler that cleans sessions itself does no harm: the host's prepared statements are followed through it.
async fn cleaned_by_the_pooler(elsewhere: &Elsewhere) -> Outcome {
    let lines = "default_pool_size = 2\nserver_reset_query_always = 1";
    let (_bouncer, external) = elsewhere.behind(Release::SAFE, lines)?;
    let db = Db::connect(&elsewhere.open(&external).await?).await?;
    for _ in 0..20 {
        assert_eq!(db.list_tenants().await?.len(), 2);
        assert!(db.tenant_by_name("one").await?.is_some());
    }
    db.close().await;
    Ok(())
}

const BUSY: &str = "select pid::text from pg_stat_activity where usename = 'casemate_sql' and state = 'active'";

pub(super) async fn a_cancelled_statement_ends_in_the_server(elsewhere: Elsewhere) -> Outcome {
    let (_bouncer, pooled) = elsewhere.behind(Release::SAFE, "default_pool_size = 2")?;
    let mut conn = superuser(&elsewhere).await?;
    let world = elsewhere.world(&elsewhere.external).await?;
    abandon(&world).await?;
    println!("without a pooler the server stopped {:?} after its caller", ended(&mut conn).await?);
    world.db.close().await;
    let info = elsewhere.open(&pooled).await?;
    let world = World { db: Db::connect(&info).await?, ..world };
    abandon(&world).await?;
    println!("behind one it stopped {:?} after its caller", ended(&mut conn).await?);
    world.db.close().await;

    // What does it is what the bootstrap has set: without it the server goes on.
    let (_bouncer, pooled) = elsewhere.behind(Release::SAFE, "")?;
    wire::simple(&mut conn, "alter role casemate_sql set client_connection_check_interval = 0".to_owned()).await?;
    let world = World { db: Db::connect(&elsewhere.open(&pooled).await?).await?, ..world };
    abandon(&world).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let busy = wire::simple(&mut conn, BUSY.to_owned()).await?;
    assert_eq!(busy.len(), 1, "nobody told the server");
    let end = format!("select pg_terminate_backend(pid)::text from ({BUSY}) s");
    wire::simple(&mut conn, end.replace("pid::text", "pid")).await?;
    world.db.close().await;
    Ok(())
}

/// Begins a statement that doesn't end, and goes away.
async fn abandon(world: &World) -> Outcome {
    let scope = world.scope(world.one, new_id())?;
    let mut tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, soon()).await?;
    let slow = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b";
    let waited = tokio::time::timeout(Duration::from_millis(500), tx.query(slow, &[], CAPS)).await;
    assert!(waited.is_err(), "it is slow: {waited:?}");
    Ok(())
}

/// How long the server goes on.
async fn ended(superuser: &mut PgConnection) -> Result<Duration, AnyError> {
    let gone = Instant::now();
    while !wire::simple(superuser, BUSY.to_owned()).await?.is_empty() {
        assert!(gone.elapsed() < Duration::from_secs(5), "the server still works for nobody");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(gone.elapsed())
}
