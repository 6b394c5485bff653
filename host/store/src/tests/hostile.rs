//! Hostile statements through the door that agents use.

use casemate_gate::Value;
use casemate_gate::journal::RowKind;

use super::world::{AnyError, CAPS, Outcome, ROWS, World, number, row};
use crate::{Access, Door, SqlError, TenantTx, wire};

const COUNT: &str = "select count(*) from public.assessments";

pub(super) async fn other_kinds_are_refused(world: World) -> Outcome {
    let mut tx = world.sql(Access::Write).await?;
    for statement in [
        "",
        ";",
        "-- nothing",
        "COMMIT",
        "BEGIN",
        "ROLLBACK",
        "SET ROLE none",
        "RESET ROLE",
        "RESET ALL",
        "DISCARD ALL",
        "SET LOCAL request.jwt.claims = '{}'",
        "SHOW ALL",
        "COPY public.assessments TO stdout",
        "COPY public.assessments FROM stdin",
        "DO $$ begin end $$",
        "CALL x()",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "PREPARE x AS SELECT 1",
        "EXECUTE casemate_filter",
        "DEALLOCATE ALL",
        "DECLARE c CURSOR FOR SELECT 1",
        "FETCH c",
        "LISTEN x",
        "NOTIFY x",
        "LOCK TABLE public.assessments",
        "TRUNCATE public.assessments",
        "VACUUM",
        "CREATE TABLE x ()",
        "DROP TABLE public.assessments",
        "GRANT ALL ON public.assessments TO public",
        "SAVEPOINT x",
        "RELEASE SAVEPOINT casemate",
        "ROLLBACK TO SAVEPOINT casemate",
        "SELECT 1; SELECT 2",
        "SELECT 1; COMMIT",
        "SELECT 1\n; ROLLBACK; --",
        "SELECT 'unclosed",
        "SELECT /* unclosed",
        "SELECT $a$ unclosed",
        "SELECT 1); DROP TABLE x; --",
        "CREATE TABLE x AS SELECT 1",
        "SELECT",
        "refresh materialized view x",
        "ALTER ROLE casemate_sql SUPERUSER",
        "LOAD 'x'",
        "CHECKPOINT",
        "REINDEX DATABASE casemate",
        "SECURITY LABEL ON x IS 'y'",
        "MERGE",
    ] {
        for _ in 0..2 {
            let query = tx.query(statement, &[], CAPS).await;
            let refused = match &query {
                // An empty select list is a row without columns.
                Ok(rows) => statement == "SELECT" && rows.columns.is_empty(),
                Err(error) => matches!(error, SqlError::Statement { .. }),
            };
            assert!(refused, "{statement}: {query:?}");
        }
        if statement != "SELECT" {
            assert!(matches!(tx.change(statement, &[]).await, Err(SqlError::Statement { .. })), "{statement}");
        }
    }
    // PREPARE takes this one; it needs rights that no agent has.
    assert_denied(&mut tx, "select 1 into x").await?;
    assert_denied(&mut tx, "select 1 into temp x").await?;
    assert!(matches!(tx.query("select 'a\0b'", &[], CAPS).await, Err(SqlError::Input { .. })));
    // The transaction and its claim have survived all of it.
    assert_eq!(number(&mut tx, COUNT).await?, i64::try_from(ROWS)?);
    for harmless in
        ["select 1;", "select 1 -- comment", "select 1 /* a */ ; ", "values (1)", "table public.assessments limit 1"]
    {
        for _ in 0..2 {
            assert_eq!(tx.query(harmless, &[], CAPS).await?.rows.len(), 1, "{harmless}");
        }
    }
    tx.rollback().await?;
    Ok(())
}

pub(super) async fn dangerous_functions_are_denied(world: World) -> Outcome {
    let mut tx = world.sql(Access::Write).await?;
    for call in [
        "set_config('request.jwt.claims', '{}', true)",
        "pg_notify('a', 'b')",
        "pg_advisory_lock(1)",
        "pg_try_advisory_lock(1)",
        "pg_advisory_xact_lock_shared(1)",
        "pg_advisory_unlock_all()",
        "lo_create(0)",
        "lo_from_bytea(0, '')",
        "lo_get(1)",
        "lo_unlink(1)",
        "pg_sleep(0)",
        "pg_sleep_for('0s')",
        "query_to_xml('select 1', true, true, '')",
        "table_to_xml('public.assessments', true, true, '')",
        "database_to_xml(true, true, '')",
        "cursor_to_xml('c', 1, true, true, '')",
        "ts_stat('select 1')",
        "ts_rewrite('a'::tsquery, 'select 1')",
        "pg_relation_size('public.assessments')",
        "pg_total_relation_size('public.assessments')",
        "pg_database_size('casemate')",
        "pg_stat_get_live_tuples(1)",
        "pg_stat_get_activity(null)",
        "pg_cancel_backend(1)",
        "pg_terminate_backend(1)",
        "pg_read_file('/etc/passwd')",
        "pg_ls_dir('/')",
        "pg_export_snapshot()",
        "pg_logical_emit_message(true, 'a', 'b')",
        "app.open('x')",
        "app.tag('0', 'seal', '')",
        "app.rotate('local', '0', '', '')",
        "casemate_crypto.hmac('a', 'b', 'sha256')",
        "casemate.journal_record('', '', null, 1, '{}', '{}', '{}', '')",
    ] {
        assert_denied(&mut tx, &format!("select {call}")).await?;
    }
    for table in [
        "app.keys",
        "app.migrations",
        "casemate.runs",
        "casemate.journal",
        "casemate.kv",
        "casemate.tenants",
        "casemate.queue",
        "casemate.queue_0",
        "casemate.later",
        "casemate.leases",
        "casemate.hosts",
        "casemate.shares",
        "casemate.documents",
        "casemate.artefacts",
        "casemate.events",
        "casemate.approvals",
        "casemate.windows",
        "casemate.stretches",
        "public.secrets",
        "pg_stat_activity",
        "pg_stat_user_tables",
        "pg_class",
        "pg_authid",
        "pg_statistic",
        "pg_stats",
        "pg_locks",
        "pg_settings",
        "pg_db_role_setting",
    ] {
        assert_denied(&mut tx, &format!("select * from {table}")).await?;
    }
    assert_eq!(number(&mut tx, COUNT).await?, i64::try_from(ROWS)?);
    tx.rollback().await?;
    Ok(())
}

async fn assert_denied(tx: &mut TenantTx, statement: &str) -> Outcome {
    let refused = tx.change(statement, &[]).await;
    assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("42501"), "{statement}: {refused:?}");
    Ok(())
}

pub(super) async fn other_tenants_are_out_of_reach(world: World) -> Outcome {
    let other = Value::Uuid(world.other.to_string());
    let mut tx = world.sql(Access::Write).await?;
    let theirs = "select * from public.assessments where tenant_id = $1";
    assert!(tx.query(theirs, std::slice::from_ref(&other), CAPS).await?.rows.is_empty());
    assert!(
        tx.query(
            "select * from public.assessments where notes like 'other%' and 1 / (length(notes) - length(notes)) = 1",
            &[],
            CAPS
        )
        .await?
        .rows
        .is_empty()
    );
    let insert = "insert into public.assessments (tenant_id, notes) values ($1, 'x')";
    let refused = tx.change(insert, std::slice::from_ref(&other)).await;
    assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("42501"));
    let refused = tx.change("update public.assessments set tenant_id = $1", std::slice::from_ref(&other)).await;
    assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("42501"));
    assert_eq!(
        tx.change("update public.assessments set notes = 'x' where tenant_id = $1", std::slice::from_ref(&other))
            .await?,
        0
    );
    assert_eq!(tx.change("delete from public.assessments where tenant_id = $1", &[other]).await?, 0);
    // Postgres's message would quote the row.
    let failed = tx.query("select notes::integer from public.assessments", &[], CAPS).await;
    let told = failed.as_ref().map_err(ToString::to_string).err().unwrap_or_default();
    assert!(!told.contains("one ") && told.contains("22P02"), "{told}");
    assert_eq!(tx.change("insert into public.assessments (notes) values ('mine')", &[]).await?, 1);
    tx.rollback().await?;
    Ok(())
}

pub(super) async fn journal_cannot_be_forged(world: World) -> Outcome {
    let (scope, run, epoch) = world.run(world.one).await?;
    let key = world.db.keyring().id().to_owned();
    let forged = format!(
        "select casemate.journal_append('{key}', '{run}', {epoch}, array[1]::bigint[], array[2]::smallint[], \
         array['\\x00']::bytea[], '\\x{}')",
        "00".repeat(32)
    );
    for access in [Access::Write, Access::Read] {
        let mut tx = TenantTx::begin(&world.db, &scope, access, Door::Sql, super::world::soon()).await?;
        assert_eq!(number(&mut tx, &forged).await?, 0);
        if access == Access::Write {
            assert_eq!(tx.change(&forged, &[]).await?, 1);
            let direct =
                format!("insert into casemate.journal (run_id, seq, epoch, kind, frame) values ('{run}', 1, 1, 2, '')");
            assert_denied(&mut tx, &direct).await?;
        }
        tx.rollback().await?;
    }
    // A true tag under other arguments, as a hostile statement that saw one would try.
    let append = crate::journal::Append::new(world.db.keyring(), &scope, &[row(run, 1, epoch, RowKind::Outcome)])?;
    let changed = append.statement().replace("ARRAY[1]::bigint[]", "ARRAY[2]::bigint[]");
    let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, super::world::soon()).await?;
    let refused = tx.change(&changed, &[]).await;
    assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("CM001"));
    tx.rollback().await?;
    assert!(world.db.load_run(&scope, run).await?.1.is_empty());
    Ok(())
}

pub(super) async fn queries_do_not_write(world: World) -> Outcome {
    let write = "with x as (insert into public.assessments (notes) values ('x') returning 1) select count(*) from x";
    for access in [Access::Read, Access::Write] {
        let mut tx = world.sql(access).await?;
        let refused = tx.query(write, &[], CAPS).await;
        assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("25006"), "{refused:?}");
        let changed = tx.change("insert into public.assessments (notes) values ('x')", &[]).await;
        match access {
            Access::Read => assert!(matches!(changed, Err(SqlError::ReadOnly))),
            // The read-only mode of a query ends with it.
            Access::Write => assert_eq!(changed?, 1),
        }
        assert!(matches!(tx.kv_get("k").await, Err(SqlError::Door)));
        tx.rollback().await?;
    }
    let scope = world.scope_as(world.one, super::world::new_id(), None)?;
    let none = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, super::world::soon()).await;
    assert!(matches!(none, Err(SqlError::Door)));
    Ok(())
}

pub(super) async fn sessions_come_back_clean(world: World) -> Outcome {
    let state = "select coalesce(current_setting('request.jwt.claims', true), '') || coalesce(current_setting('app.seal', true), '') \
        || current_user || current_setting('statement_timeout')";
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200_u32 {
        let world = world.clone();
        tasks.spawn(async move {
            // Not everybody gets a connection in time.
            let Ok(mut tx) = world.sql(Access::Write).await else { return Ok(false) };
            match n % 5 {
                0 => tx.rollback().await?,
                1 => drop(tx),
                2 => drop(tx.change("insert into public.assessments (notes) values ($1)", &[Value::Integer(1)]).await),
                // The caller goes away in the middle.
                3 => {
                    let slow = tx.query("select count(*) from (select generate_series(1, 1000000000)) s", &[], CAPS);
                    drop(tokio::time::timeout(std::time::Duration::from_millis(20), slow).await);
                }
                _ => drop(tx.query("select nonsense", &[], CAPS).await),
            }
            Ok::<_, AnyError>(true)
        });
    }
    let mut begun = 0;
    while let Some(done) = tasks.join_next().await {
        begun += u32::from(done??);
    }
    // On a busy machine some wait for a connection in vain.
    assert!(begun >= if world.db.info().is_pooled() { 50 } else { 150 }, "{begun}");
    for _ in 0..32 {
        let mut lease = world.db.lease(Door::Sql).await?;
        let rows = wire::simple(lease.get(), state.to_owned()).await?;
        assert_eq!(rows, [Some("casemate_sql30s".to_owned())]);
        lease.clean();
    }
    let mut tx = world.sql(Access::Read).await?;
    assert_eq!(number(&mut tx, COUNT).await?, i64::try_from(ROWS)?);
    Ok(())
}
