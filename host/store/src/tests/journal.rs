//! The journal: fenced, append-only, atomic with effects.

use casemate_gate::Value;
use casemate_gate::journal::{Journal, JournalError, RowKind};

use super::world::{CAPS, Outcome, World, row, soon};
use sqlx::ConnectOptions;

use crate::{Access, Door, PgJournal, StoreError, TenantTx, wire};

pub(super) async fn appends_are_fenced(world: World) -> Outcome {
    let (scope, run, epoch) = world.run(world.one).await?;
    let journal = PgJournal::new(&world.db);
    journal.append(&scope, vec![row(run, 0, epoch, RowKind::Start), row(run, 1, epoch, RowKind::Intent)]).await?;
    // Another host claims the run.
    let newer = world.claim(&scope, run).await?.run.epoch;
    assert_eq!(newer, epoch.next());
    let late = journal.append(&scope, vec![row(run, 1, epoch, RowKind::Outcome)]).await;
    assert!(matches!(late, Err(JournalError::Fenced)), "{late:?}");
    let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Records, soon()).await?;
    tx.put("fenced", vec![1]).await?;
    let late = tx.append_and_commit(vec![row(run, 1, epoch, RowKind::Outcome)]).await;
    assert!(matches!(late, Err(JournalError::Fenced)), "{late:?}");
    let mut tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Records, soon()).await?;
    assert_eq!(tx.kv_get("fenced").await?, None);
    tx.rollback().await?;
    journal.append(&scope, vec![row(run, 1, newer, RowKind::Outcome)]).await?;
    // One outcome per call; and another tenant's run isn't there.
    let twice = journal.append(&scope, vec![row(run, 1, newer, RowKind::Outcome)]).await;
    assert!(matches!(twice, Err(JournalError::Fenced)), "{twice:?}");
    let foreign = world.scope(world.other, run)?;
    let theirs = journal.append(&foreign, vec![row(run, 2, newer, RowKind::Intent)]).await;
    assert!(matches!(theirs, Err(JournalError::Fenced)), "{theirs:?}");
    assert!(matches!(world.db.load_run(&foreign, run).await, Err(StoreError::NoRun)));
    let (_, rows) = world.db.load_run(&scope, run).await?;
    let order: Vec<_> = rows.iter().map(|row| (row.seq.get(), row.epoch.get(), row.kind)).collect();
    assert_eq!(order, [(0, 1, RowKind::Start), (1, 1, RowKind::Intent), (1, 2, RowKind::Outcome)]);
    assert_eq!(rows.first().map(|row| row.sealed.as_slice()), Some(b"frame 0".as_slice()));
    Ok(())
}

pub(super) async fn effect_and_outcome_are_atomic(world: World) -> Outcome {
    let (scope, run, epoch) = world.run(world.one).await?;
    let begin = || TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, soon());
    let insert = "insert into public.assessments (notes) values ('effect of a run')";
    let count = "select count(*) from public.assessments where notes = 'effect of a run'";
    // The host dies between effect and commit: its connection breaks.
    let mut tx = begin().await?;
    assert_eq!(tx.change(insert, &[]).await?, 1);
    let mut superuser = world.superuser.connect().await?;
    let kill = "select pg_terminate_backend(pid)::text from pg_stat_activity
        where usename = 'casemate_sql' and state = 'idle in transaction' order by xact_start desc limit 1";
    assert_eq!(wire::simple(&mut superuser, kill.to_owned()).await?, [Some("true".to_owned())]);
    let broken = tx.append_and_commit(vec![row(run, 1, epoch, RowKind::Outcome)]).await;
    assert!(matches!(broken, Err(JournalError::Unavailable(_))), "{broken:?}");
    let mut tx = begin().await?;
    assert_eq!(super::world::number(&mut tx, count).await?, 0);
    tx.rollback().await?;
    assert!(world.db.load_run(&scope, run).await?.1.is_empty());
    // Both or neither, the other way.
    let mut tx = begin().await?;
    assert_eq!(tx.change(insert, &[]).await?, 1);
    tx.append_and_commit(vec![row(run, 1, epoch, RowKind::Outcome)]).await?;
    let mut tx = begin().await?;
    assert_eq!(super::world::number(&mut tx, count).await?, 1);
    assert_eq!(
        tx.change("delete from public.assessments where notes = $1", &[Value::Text("effect of a run".into())]).await?,
        1
    );
    tx.append_and_commit(vec![row(run, 2, epoch, RowKind::Outcome)]).await?;
    assert_eq!(world.db.load_run(&scope, run).await?.1.len(), 2);
    Ok(())
}

pub(super) async fn is_append_only(world: World) -> Outcome {
    let (scope, run, epoch) = world.run(world.one).await?;
    PgJournal::new(&world.db).append(&scope, vec![row(run, 0, epoch, RowKind::Start)]).await?;
    for change in [
        "update casemate.journal set frame = ''",
        "delete from casemate.journal",
        "truncate casemate.journal",
        "insert into casemate.journal (run_id, seq, epoch, kind, frame) values (gen_random_uuid(), 1, 1, 1, '')",
    ] {
        let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Records, soon()).await?;
        let refused = tx
            .records(true, move |conn| {
                Box::pin(
                    async move { wire::simple(conn, change.to_owned()).await.map_err(crate::SqlError::from_postgres) },
                )
            })
            .await;
        assert_eq!(refused.as_ref().err().and_then(crate::SqlError::sqlstate), Some("42501"), "{change}: {refused:?}");
    }
    Ok(())
}

pub(super) async fn read_transaction_appends_after(world: World) -> Outcome {
    let (scope, run, epoch) = world.run(world.one).await?;
    for (seq, door) in [(1, Door::Sql), (2, Door::Records)] {
        let mut tx = TenantTx::begin(&world.db, &scope, Access::Read, door, soon()).await?;
        if door == Door::Sql {
            tx.query("select 1", &[], CAPS).await?;
        }
        tx.append_and_commit(vec![row(run, seq, epoch, RowKind::Outcome)]).await?;
    }
    assert_eq!(world.db.load_run(&scope, run).await?.1.len(), 2);
    let tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, soon()).await?;
    let old = tx.append_and_commit(vec![row(run, 3, casemate_gate::Epoch::new(0), RowKind::Outcome)]).await;
    assert!(matches!(old, Err(JournalError::Fenced)), "{old:?}");
    Ok(())
}
