//! Attacks that need more than one statement: plans, settings and sessions that outlive a transaction. Most go past the
//! filter of statements, on a bare connection of the `sql` login: it has to hold even where the filter doesn't.

use std::time::Duration;

use casemate_gate::TenantId;
use sqlx::{ConnectOptions, Connection};

use crate::tests::world::{AnyError, Outcome, ROWS, World, new_id, number, soon};
use crate::{Access, Door, TenantTx, wire};

const COUNT: &str = "select count(*) from public.items";
/// Whose rows a bare session sees, and under which claim.
const STATE: &str = "select coalesce(nullif(current_setting('request.jwt.claims', true), ''), 'none') || ' ' \
    || coalesce(app.tenant()::text, 'nobody') || ' ' || current_user";
const CLEAN: &str = "none nobody casemate_sql";

async fn raw(world: &World, sql: String) -> Result<Vec<String>, AnyError> {
    let mut lease = world.db.lease(Door::Sql).await?;
    let rows = wire::simple(lease.get(), sql).await?;
    lease.clean();
    Ok(rows.into_iter().map(|row| row.unwrap_or_else(|| "NULL".to_owned())).collect())
}

fn opening(world: &World, tenant: TenantId, role: &str) -> Result<String, AnyError> {
    let token = world.db.keyring().token(&world.scope(tenant, new_id())?, Duration::from_secs(60))?;
    Ok(format!("begin; select app.open('{token}'); set local role {role}"))
}

async fn role(world: &World) -> Result<String, AnyError> {
    let both = [casemate_gate::Verb::Read, casemate_gate::Verb::Write];
    Ok(world.db.ensure_agent_role(&[crate::tests::world::grant("items", &both)]).await?)
}

/// 23 and 24: a plan that is kept while the tenant changes, on one connection.
pub(in crate::tests) async fn plans_follow_the_claim(world: World) -> Outcome {
    let role = role(&world).await?;
    let (one, other) = (opening(&world, world.one, &role)?, opening(&world, world.other, &role)?);
    let run = "execute mine";
    let sql = format!(
        "set plan_cache_mode = force_generic_plan;
        {one}; prepare mine as select min(tenant_id::text) || ' ' || count(*) from public.items; {run}; {run}; commit;
        {other}; {run}; commit; {one}; {run}; commit; reset plan_cache_mode; deallocate all"
    );
    let (first, second) = (format!("{} {ROWS}", world.one), format!("{} {ROWS}", world.other));
    assert_eq!(raw(&world, sql).await?, ["t", &first, &first, "t", &second, "t", &first]);
    Ok(())
}

/// 21, 25 to 27: what a setting says without the host's signature.
pub(in crate::tests) async fn settings_prove_nothing(world: World) -> Outcome {
    let role = role(&world).await?;
    let claims = format!(r#"{{"tenant_id":"{}"}}"#, world.other);
    for (sql, answers) in [
        // 25: after a COMMIT the setting is '' and no error.
        (
            format!("{}; commit; begin; set local role {role}; {COUNT}; commit", opening(&world, world.one, &role)?),
            vec!["t", "0"],
        ),
        // 26: a claim for the session.
        (
            format!(
                "set request.jwt.claims = '{claims}'; begin; set local role {role}; {COUNT}; commit; reset request.jwt.claims"
            ),
            vec!["0"],
        ),
        // 27: SET LOCAL outside of a transaction; each is a statement of its own.
        (
            format!("commit; set local request.jwt.claims = '{claims}'; begin; set local role {role}; {COUNT}; commit"),
            vec!["0"],
        ),
        // 21: another tenant's claim under this one's seal.
        (
            format!(
                "{}; set local request.jwt.claims = '{claims}'; {COUNT}; rollback",
                opening(&world, world.one, &role)?
            ),
            vec!["t", "0"],
        ),
        // A seal of this transaction's own, but without the key.
        (
            format!("{}; set local app.seal = '...'; {COUNT}; rollback", opening(&world, world.one, &role)?),
            vec!["t", "0"],
        ),
    ] {
        assert_eq!(raw(&world, sql.clone()).await?, answers, "{sql}");
        assert_eq!(raw(&world, STATE.to_owned()).await?, [CLEAN], "{sql}");
    }
    Ok(())
}

/// 13 and 15, past the filter.
pub(in crate::tests) async fn row_security_stays_on(world: World) -> Outcome {
    let role = role(&world).await?;
    for attack in [format!("set local row_security = off; {COUNT}"), "truncate public.items".to_owned()] {
        let refused = raw(&world, format!("{}; {attack}", opening(&world, world.one, &role)?)).await;
        let error = refused.err().ok_or_else(|| format!("not refused: {attack}"))?;
        let code = error.downcast_ref::<sqlx::Error>().and_then(crate::error::sqlstate);
        assert_eq!(code.as_deref(), Some("42501"), "{attack}");
    }
    // 14, past the filter: COPY is held by the policies.
    let copied = raw(&world, format!("{}; copy public.items (n) from stdin", opening(&world, world.one, &role)?)).await;
    assert!(copied.is_err());
    Ok(())
}

/// 31: a plan that would like workers.
pub(in crate::tests) async fn parallel_plans_are_right(world: World) -> Outcome {
    let role = role(&world).await?;
    let mut superuser = world.superuser.connect().await?;
    let name = "select name from pg_settings where name in ('force_parallel_mode', 'debug_parallel_query')";
    let name = wire::simple(&mut superuser, name.to_owned()).await?.pop().flatten().ok_or("no such setting")?;
    superuser.close().await?;
    let sql = format!(
        "{}; set local {name} = on; set local max_parallel_workers_per_gather = 4; set local parallel_setup_cost = 0;
        set local parallel_tuple_cost = 0; set local min_parallel_table_scan_size = 0; {COUNT}; rollback",
        opening(&world, world.one, &role)?
    );
    assert_eq!(raw(&world, sql).await?, ["t", &ROWS.to_string()]);
    Ok(())
}

async fn open(world: &World) -> Result<TenantTx, AnyError> {
    let role = role(world).await?;
    let scope = world.scope_as(world.one, new_id(), Some(role))?;
    Ok(TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, soon()).await?)
}

async fn signal(world: &World, function: &str) -> Result<usize, AnyError> {
    let mut superuser = world.superuser.connect().await?;
    let signal = format!("select {function}(pid)::text from pg_stat_activity where usename = 'casemate_sql'");
    let signalled = wire::simple(&mut superuser, signal).await?.len();
    superuser.close().await?;
    Ok(signalled)
}

/// 45: backends die in the middle of transactions, and their connections are used again.
pub(in crate::tests) async fn a_killed_session_leaves_nothing(world: World) -> Outcome {
    let mut tx = open(&world).await?;
    assert_eq!(tx.change("update public.items set n = -1", &[]).await?, ROWS as u64);
    assert!(signal(&world, "pg_terminate_backend").await? > 0);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(number(&mut tx, COUNT).await.is_err());
    drop(tx);
    // What was idle in the pool is dead, too: it may fail, and then it is replaced.
    let mut answers = 0;
    for _ in 0..64 {
        if let Ok(state) = raw(&world, STATE.to_owned()).await {
            assert_eq!(state, [CLEAN]);
            answers += 1;
        }
    }
    assert!(answers > 32, "{answers}");
    let mut tx = open(&world).await?;
    assert_eq!(number(&mut tx, "select count(*) from public.items where n > 0").await?, i64::try_from(ROWS)?);
    tx.rollback().await?;
    Ok(())
}

/// 46: a cancel between the claim and the query, and one in the middle of a query.
pub(in crate::tests) async fn a_cancel_leaves_nothing(world: World) -> Outcome {
    let mut tx = open(&world).await?;
    assert!(signal(&world, "pg_cancel_backend").await? > 0);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(number(&mut tx, COUNT).await?, i64::try_from(ROWS)?);
    let slow = "select count(*) from (select generate_series(1, 1000000000)) s";
    let (slow, cancelled) = tokio::join!(number(&mut tx, slow), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        signal(&world, "pg_cancel_backend").await
    });
    assert!(slow.is_err() && cancelled? > 0);
    drop(tx);
    for _ in 0..16 {
        assert_eq!(raw(&world, STATE.to_owned()).await?, [CLEAN]);
    }
    Ok(())
}

/// A suspended tenant's claim isn't opened for agents, while the host may still read what is to be exported.
pub(in crate::tests) async fn suspended_tenants_open_no_claim(world: World) -> Outcome {
    let tenant = world.db.add_tenant("to-be-suspended").await?;
    let role = role(&world).await?;
    let scope = world.scope_as(tenant, new_id(), Some(role))?;
    let begin = |door| TenantTx::begin(&world.db, &scope, Access::Read, door, soon());
    begin(Door::Sql).await?.rollback().await?;
    world.db.suspend_tenant(tenant, true).await?;
    let refused = begin(Door::Sql).await;
    let records = begin(Door::Records).await;
    world.db.suspend_tenant(tenant, false).await?;
    let again = begin(Door::Sql).await;
    assert!(matches!(refused, Err(crate::SqlError::Claim)), "{refused:?}");
    records?.rollback().await?;
    again?.rollback().await?;
    Ok(())
}
