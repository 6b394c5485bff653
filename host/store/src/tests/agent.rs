//! What an honest agent's statements see: types, caps, grants.

use std::time::{Duration, Instant};

use casemate_gate::{Value, Verb};

use super::world::{CAPS, Outcome, World, grant, new_id, soon};
use crate::{Access, Caps, Door, RoleError, SqlError, TenantTx};

pub(super) async fn values_go_both_ways(world: World) -> Outcome {
    let mut tx = world.sql(Access::Write).await?;
    let tricky = "O'Neil \\ \\' \"$1\" -- /* é 漢 \n; drop table x";
    let id = "6b7a3b0e-5c5c-4f0e-9d1e-000000000001";
    let parameters = [
        Value::Boolean(true),
        Value::Integer(i64::MIN),
        Value::Float(0.1),
        Value::Float(f64::NEG_INFINITY),
        Value::Text(tricky.into()),
        Value::Uuid(id.into()),
        Value::Json(r#"{"a": [1, null]}"#.into()),
        Value::Bytes(vec![0, 1, 255]),
        Value::Null,
    ];
    let sent = "select $1, $2, $3, $4, $5::text, $6, $7, $8, $9::integer";
    for _ in 0..2 {
        let rows = tx.query(sent, &parameters, CAPS).await?;
        assert_eq!(rows.rows, [parameters.to_vec()]);
    }
    // Text stands for every other type, both ways.
    let insert = "insert into public.assessments (id, score, notes, due, amount, tags) values ($1, $2, $3, $4, $5, $6)";
    let text = |text: &str| Value::Text(text.into());
    let given = [text(id), Value::Integer(7), text(tricky), text("2026-02-03"), text("12.50"), text("{a,\"b c\"}")];
    assert_eq!(tx.change(insert, &given).await?, 1);
    let select =
        "select due, amount, tags, timestamptz '2026-01-02 03:04:05+01', interval '90 minutes', score, 'x'::name
        from public.assessments where id = $1 and due < $2";
    let rows = tx.query(select, &[text(id), text("2027-01-01")], CAPS).await?;
    let expected = [
        Value::Date("2026-02-03".into()),
        Value::Numeric("12.50".into()),
        Value::Array(vec![text("a"), text("b c")]),
        Value::TimestampTz("2026-01-02T02:04:05Z".into()),
        text("PT1H30M"),
    ];
    let row = rows.rows.first().ok_or("no row")?;
    assert_eq!(row.get(..5), Some(expected.as_slice()));
    assert_eq!(row.get(5), Some(&Value::Integer(7)));
    assert_eq!(rows.columns.first().map(String::as_str), Some("due"));
    // The number of parameters has to fit.
    assert!(tx.query("select $1::text", &[], CAPS).await.is_err());
    assert!(tx.query("select $2::text", &[text("a")], CAPS).await.is_err());
    tx.rollback().await?;
    Ok(())
}

pub(super) async fn caps_and_deadline_end_a_query(world: World) -> Outcome {
    let caps = Caps { rows: 10, bytes: 100 };
    let mut tx = world.sql(Access::Read).await?;
    assert_eq!(tx.query("select * from generate_series(1, 10)", &[], caps).await?.rows.len(), 10);
    let many = tx.query("select generate_series(1, 1000)", &[], caps).await;
    assert!(matches!(many, Err(SqlError::TooManyRows { limit: 10 })), "{many:?}");
    assert!(matches!(tx.query("select 1", &[], caps).await, Err(SqlError::Over)));

    let mut tx = world.sql(Access::Read).await?;
    let large = tx.query("select repeat('x', 101)", &[], caps).await;
    assert!(matches!(large, Err(SqlError::TooManyBytes { limit: 100 })), "{large:?}");

    // What a statement can put on disk is bounded too.
    let mut tx = world.sql(Access::Read).await?;
    let disk = tx.query("select count(*) from generate_series(1, 1000000000000)", &[], CAPS).await;
    assert_eq!(disk.as_ref().err().and_then(SqlError::sqlstate), Some("53400"), "{disk:?}");
    assert!(matches!(tx.query("select 1", &[], caps).await, Err(SqlError::Over)));
    let mut tx = world.sql(Access::Read).await?;
    let endless = tx.query("select generate_series(1, 1000000000000)", &[], CAPS).await;
    assert_eq!(endless.as_ref().err().and_then(SqlError::sqlstate), Some("53400"), "{endless:?}");

    let scope = world.scope(world.one, new_id())?;
    let deadline = Instant::now() + Duration::from_millis(200);
    let mut tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, deadline).await?;
    let started = Instant::now();
    let slow = tx.query("select count(*) from (select generate_series(1, 1000000000000)) s", &[], CAPS).await;
    assert!(matches!(slow, Err(SqlError::Deadline)), "{slow:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
    let past = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, Instant::now()).await;
    assert!(matches!(past, Err(SqlError::Deadline)));
    Ok(())
}

pub(super) async fn role_has_exactly_its_grants(world: World) -> Outcome {
    let reader = world.db.ensure_agent_role(&[grant("assessments", &[Verb::Read])]).await?;
    assert_ne!(reader, world.role);
    // What was granted by hand is taken back by the next run that begins, once the role isn't believed any more.
    world
        .db
        .info()
        .apply_sql(&format!(
            "grant truncate, update on public.assessments to {reader}; grant select on public.secrets to {reader}"
        ))
        .await?;
    tokio::time::sleep(crate::roles::BELIEVED).await;
    assert_eq!(world.db.ensure_agent_role(&[grant("assessments", &[Verb::Read])]).await?, reader);
    let scope = world.scope_as(world.one, new_id(), Some(reader.clone()))?;
    let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, soon()).await?;
    assert_eq!(tx.query("select 1 from public.assessments limit 1", &[], CAPS).await?.rows.len(), 1);
    for denied in [
        "insert into public.assessments (notes) values ('x')",
        "update public.assessments set notes = 'x'",
        "delete from public.assessments",
        "select * from public.secrets",
        "select * from public.assessments for update",
    ] {
        let refused = tx.change(denied, &[]).await;
        assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("42501"), "{denied}: {refused:?}");
    }
    tx.rollback().await?;
    Ok(())
}

pub(super) async fn unenforceable_grants_are_refused(world: World) -> Outcome {
    for table in ["unprotected", "unforced", "permissive", "loose"] {
        let refused = world.db.ensure_agent_role(&[grant(table, &[Verb::Read])]).await;
        assert!(matches!(refused, Err(RoleError::Unprotected { .. })), "{table}: {refused:?}");
    }
    for (view, verb) in [("looking", Verb::Read), ("looking_safely", Verb::Write)] {
        let refused = world.db.ensure_agent_role(&[grant(view, &[verb])]).await;
        assert!(matches!(refused, Err(RoleError::View { .. })), "{view}: {refused:?}");
    }
    for table in ["missing", "a\"; drop table public.assessments; --"] {
        let refused = world.db.ensure_agent_role(&[grant(table, &[Verb::Read])]).await;
        assert!(matches!(refused, Err(RoleError::NoTable { .. })), "{table}: {refused:?}");
    }
    let mut journal = grant("journal", &[Verb::Read]);
    journal.schema = "casemate".into();
    assert!(matches!(world.db.ensure_agent_role(&[journal]).await, Err(RoleError::NoTable { .. })));
    Ok(())
}
