//! Statements that connections keep, and queries that are read in pieces: shared by tenants, their rights not; and over
//! when whoever asked is gone.

use std::time::{Duration, Instant};

use casemate_gate::{Value, Verb};
use sqlx::ConnectOptions;

use super::world::{AnyError, CAPS, Outcome, World, grant, new_id, soon};
use crate::{Access, Caps, Door, SqlError, TenantTx, wire};

/// More than a connection keeps.
pub(super) async fn any_number_can_be_sent(world: World) -> Outcome {
    let scope = world.scope(world.one, new_id())?;
    for number in 0..300_i64 {
        let text = format!("select {number}::bigint");
        let rows = world.db.query(&scope, &text, &[], CAPS, soon()).await?;
        assert_eq!(rows.rows, [[Value::Integer(number)]]);
    }
    let mut tx = world.sql(Access::Write).await?;
    for number in 0..300_i64 {
        let rows = tx.query(&format!("select {number}::bigint + 1"), &[], CAPS).await?;
        assert_eq!(rows.rows, [[Value::Integer(number + 1)]]);
    }
    tx.rollback().await?;
    Ok(())
}

/// What a statement that fails has prepared stands in nobody's way: each is told its own error.
pub(super) async fn errors_leave_nothing_behind(world: World) -> Outcome {
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let world = world.clone();
        crowd.spawn(async move {
            let scope = world.scope(world.one, new_id())?;
            let refused = world.db.query(&scope, "select 1 / 0", &[], CAPS, soon()).await;
            let rows = world.db.query(&scope, "select 1", &[], CAPS, soon()).await;
            Ok::<_, AnyError>((rows, refused))
        });
    }
    while let Some(done) = crowd.join_next().await {
        let (rows, refused) = done??;
        assert!(rows.is_ok(), "{rows:?}");
        assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("22012"), "{refused:?}");
    }
    Ok(())
}

/// What one role has made its connection prepare, another is refused.
pub(super) async fn rights_are_each_ones_own(world: World) -> Outcome {
    let count = "select count(*) from public.assessments";
    let may = world.scope(world.one, new_id())?;
    let other = world.db.ensure_agent_role(&[grant("items", &[Verb::Read])]).await?;
    let may_not = world.scope_as(world.one, new_id(), Some(other))?;
    for _ in 0..20 {
        assert_eq!(world.db.query(&may, count, &[], CAPS, soon()).await?.rows.len(), 1);
        let refused = world.db.query(&may_not, count, &[], CAPS, soon()).await;
        assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("42501"), "{refused:?}");
    }
    Ok(())
}

const ALTERED: &str = "create table public.altered (tenant_id uuid not null default app.tenant(), n integer);
    alter table public.altered enable row level security;
    alter table public.altered force row level security;
    create policy floor on public.altered as restrictive to public
        using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
    create policy rw on public.altered to casemate_agent using (true) with check (true);";

/// A table that is altered makes plans of it stale; nobody is told.
pub(super) async fn an_altered_table_is_read_as_it_is(world: World) -> Outcome {
    let info = world.db.info();
    info.apply_sql(ALTERED).await?;
    let role = world.db.ensure_agent_role(&[grant("altered", &[Verb::Read])]).await?;
    let scope = world.scope_as(world.one, new_id(), Some(role))?;
    let read = "select n from public.altered";
    for kind in ["bigint", "text", "integer[]", "integer"] {
        let mut tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, soon()).await?;
        tx.query(read, &[], CAPS).await?;
        tx.rollback().await?;
        world.db.query(&scope, read, &[], CAPS, soon()).await?;
        let using = if kind.starts_with("integer") { "null" } else { "n" };
        info.apply_sql(&format!("alter table public.altered alter n type {kind} using {using}")).await?;
        if kind == "bigint" || kind == "integer[]" {
            world.db.query(&scope, read, &[], CAPS, soon()).await?;
        } else {
            let mut tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, soon()).await?;
            tx.query(read, &[], CAPS).await?;
            tx.rollback().await?;
        }
        let mut cursor = world.db.open(&scope, read, &[], soon()).await?;
        cursor.next(CAPS).await?;
    }
    info.apply_sql("drop table public.altered").await?;
    Ok(())
}

/// Rows are those of the moment at which the query was opened, in pieces of any size.
pub(super) async fn pieces_are_of_one_moment(world: World) -> Outcome {
    let scope = world.scope(world.one, new_id())?;
    let all = "select notes from public.assessments order by notes";
    let before = world.db.query(&scope, all, &[], CAPS, soon()).await?;
    let mut cursor = world.db.open(&scope, all, &[], soon()).await?;
    let mut tx = world.sql(Access::Write).await?;
    assert_eq!(tx.change("insert into public.assessments (notes) values ('later')", &[]).await?, 1);
    tx.commit().await?;
    let mut read = Vec::new();
    loop {
        let piece = cursor.next(Caps { rows: 3, ..CAPS }).await?;
        if piece.rows.is_empty() {
            break;
        }
        assert!(piece.rows.len() <= 3 && piece.columns == ["notes"]);
        read.extend(piece.rows);
    }
    assert_eq!(read, before.rows);
    let mut tx = world.sql(Access::Write).await?;
    assert_eq!(tx.change("delete from public.assessments where notes = 'later'", &[]).await?, 1);
    tx.commit().await?;
    // A row that has no room waits for the next piece; one that never has any ends the query.
    let wide = "select repeat('x', 400 * n) from generate_series(1, 4) n";
    let mut cursor = world.db.open(&scope, wide, &[], soon()).await?;
    let mut sizes = Vec::new();
    for _ in 0..2 {
        sizes.push(cursor.next(Caps { rows: 10, bytes: 1300 }).await?.rows.len());
    }
    assert_eq!(sizes, [2, 1], "400 and 800, then 1200");
    let large = cursor.next(Caps { rows: 10, bytes: 1300 }).await;
    assert!(matches!(large, Err(SqlError::TooManyBytes { limit: 1300 })), "{large:?}");
    assert!(matches!(cursor.next(CAPS).await, Err(SqlError::Over)));
    Ok(())
}

/// Whoever stops asking stops Postgres, too.
pub(super) async fn a_query_ends_with_who_reads_it(world: World) -> Outcome {
    let scope = world.scope(world.one, new_id())?;
    let slow = "select count(*) from (select generate_series(1, 1000000000000)) s";
    let mut cursor = world.db.open(&scope, slow, &[], soon()).await?;
    assert!(tokio::time::timeout(Duration::from_millis(100), cursor.next(CAPS)).await.is_err());
    drop(cursor);
    let mut superuser = world.superuser.connect().await?;
    let active = "select count(*)::text from pg_stat_activity where usename = 'casemate_sql' and state = 'active'";
    let begun = Instant::now();
    while wire::simple(&mut superuser, active.to_owned()).await? != [Some("0".to_owned())] {
        assert!(begun.elapsed() < Duration::from_secs(10), "Postgres goes on for nobody");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Its place is free again.
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(world.db.open(&scope, "select 1", &[], soon()).await?);
    }
    assert!(matches!(world.db.open(&scope, "select 1", &[], soon()).await, Err(SqlError::Crowded { .. })));
    Ok(())
}
