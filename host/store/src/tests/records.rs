//! The host's own tables: protected, `kv`, runs, tenants.

use std::time::{Duration, SystemTime};

use super::world::{Outcome, World, new_id, new_run, soon};
use crate::{Access, Door, RunState, SqlError, StoreError, TenantTx, wire};

pub(super) async fn tables_are_protected(world: World) -> Outcome {
    let mut owner = world.db.info().owner().await?;
    let bare = "select c.relname::text from pg_class c where c.relnamespace in ('casemate'::regnamespace, 'public'::regnamespace)
        and c.relkind in ('r', 'p', 'm') and not (c.relrowsecurity and c.relforcerowsecurity)
        and c.relname not in ('unprotected', 'unforced')";
    assert_eq!(wire::simple(&mut owner, bare.to_owned()).await?, []);
    let floorless = "select c.relname::text from pg_class c where c.relnamespace = 'casemate'::regnamespace and c.relkind in ('r', 'p')
        and not exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and p.polcmd = '*' and p.polroles = '{0}')
        order by 1";
    // The two that hold no tenant's data: names of tenants, ids of runs.
    let expected = ["ready", "tenants"].map(|name| Some(name.to_owned()));
    assert_eq!(wire::simple(&mut owner, floorless.to_owned()).await?, expected);
    let strong = "select rolname::text from pg_roles where rolname like 'casemate%' and (rolsuper or rolbypassrls or rolreplication)";
    assert_eq!(wire::simple(&mut owner, strong.to_owned()).await?, []);
    // Without a claim nobody sees a row, the owner included.
    for table in ["casemate.runs", "casemate.journal", "casemate.kv", "public.assessments"] {
        let count = format!("select count(*) from {table}");
        assert_eq!(wire::simple(&mut owner, count).await?, [Some("0".to_owned())], "{table}");
    }
    Ok(())
}

pub(super) async fn counters_add_up(world: World) -> Outcome {
    let (scope, run, epoch) = world.run(world.one).await?;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..=16_u64 {
        let (world, scope) = (world.clone(), scope.clone());
        tasks.spawn(async move {
            let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Records, soon()).await?;
            tx.add("counter", i64::try_from(n)?).await?;
            let row = super::world::row(run, n, epoch, casemate_gate::journal::RowKind::Outcome);
            tx.append_and_commit(vec![row]).await?;
            Ok::<_, super::world::AnyError>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let begin = || TenantTx::begin(&world.db, &scope, Access::Write, Door::Records, soon());
    let mut tx = begin().await?;
    assert_eq!(tx.kv_get("counter").await?.as_deref(), Some(b"136".as_slice()));
    assert!(matches!(tx.add("counter", i64::MAX).await, Err(SqlError::Overflow)));
    assert!(matches!(tx.kv_get("counter").await, Err(SqlError::Over)));
    let mut tx = begin().await?;
    tx.put("text", b"x\xff".to_vec()).await?;
    assert!(matches!(tx.add("text", 1).await, Err(SqlError::NotACounter)));
    Ok(())
}

pub(super) async fn values_are_one_tenants(world: World) -> Outcome {
    let scope = world.scope(world.one, new_id())?;
    let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Records, soon()).await?;
    tx.put("key", vec![0, 1, 2]).await?;
    tx.put("key", vec![3]).await?;
    assert_eq!(tx.kv_get("key").await?, Some(vec![3]));
    assert!(matches!(tx.put("", vec![]).await, Err(SqlError::KeyValue { .. })));
    assert!(matches!(tx.put("k", vec![0; (1 << 20) + 1]).await, Err(SqlError::KeyValue { .. })));
    assert!(matches!(tx.kv_get(&"k".repeat(513)).await, Err(SqlError::KeyValue { .. })));
    tx.commit().await?;
    let other = world.scope(world.other, new_id())?;
    let mut tx = TenantTx::begin(&world.db, &other, Access::Read, Door::Records, soon()).await?;
    assert_eq!(tx.kv_get("key").await?, None);
    assert!(matches!(tx.put("key", vec![]).await, Err(SqlError::ReadOnly)));
    tx.rollback().await?;
    Ok(())
}

pub(super) async fn runs_live_and_end(world: World) -> Outcome {
    let id = new_id();
    let scope = world.scope(world.one, id)?;
    world.db.create_run(&scope, new_run(&scope, id)).await?;
    let due = || async { Ok::<_, StoreError>(world.db.due_runs(1000).await?.into_iter().find(|due| due.run == id)) };
    assert_eq!(due().await?.map(|due| (due.tenant, due.state)), Some((world.one, RunState::Ready)));
    let record = world.db.claim_run(&scope, id).await?;
    assert_eq!((record.state, record.epoch.get(), record.tenant), (RunState::Running, 1, world.one));
    #[expect(clippy::disallowed_methods, reason = "tests wait for a time to come")]
    let wake = SystemTime::now() + Duration::from_secs(3600);
    world.db.park_run(&scope, id, record.epoch, Some(wake)).await?;
    assert_eq!(due().await?, None);
    let (parked, _) = world.db.load_run(&scope, id).await?;
    let off = parked.wake_at.and_then(|at| wake.duration_since(at).or_else(|_| at.duration_since(wake)).ok());
    assert!(off.is_some_and(|off| off < Duration::from_millis(1)), "{off:?}");
    let again = world.db.claim_run(&scope, id).await?;
    let late = world.db.finish_run(&scope, id, record.epoch, RunState::Done).await;
    assert!(matches!(late, Err(StoreError::Fenced)));
    world.db.park_run(&scope, id, again.epoch, None).await?;
    assert_eq!((due().await?, world.db.load_run(&scope, id).await?.0.wake_at), (None, None));
    let last = world.db.claim_run(&scope, id).await?;
    world.db.finish_run(&scope, id, last.epoch, RunState::Done).await?;
    assert!(matches!(world.db.claim_run(&scope, id).await, Err(StoreError::Fenced)));
    assert_eq!(due().await?, None);
    assert_eq!(world.db.list_runs(&scope, 1).await?.first().map(|run| (run.id, run.state)), Some((id, RunState::Done)));
    let foreign = world.scope(world.other, id)?;
    assert!(world.db.list_runs(&foreign, 100).await?.iter().all(|run| run.tenant == world.other));
    assert!(matches!(world.db.claim_run(&foreign, id).await, Err(StoreError::Fenced)));
    Ok(())
}

pub(super) async fn tenants_are_listed(world: World) -> Outcome {
    assert!(matches!(world.db.add_tenant("one").await, Err(StoreError::TenantExists)));
    assert!(matches!(world.db.add_tenant("No Name").await, Err(StoreError::TenantName)));
    let names: Vec<_> = world.db.list_tenants().await?.into_iter().map(|tenant| tenant.name).collect();
    // Other cases leave theirs.
    assert_eq!(names.get(..2), Some(["one".to_owned(), "other".to_owned()].as_slice()));
    world.db.suspend_tenant(world.other, true).await?;
    assert!(world.db.tenant_by_name("other").await?.is_some_and(|tenant| tenant.suspended));
    world.db.suspend_tenant(world.other, false).await?;
    assert!(world.db.tenant_by_name("other").await?.is_some_and(|tenant| !tenant.suspended));
    assert_eq!(world.db.tenant_by_name("nobody").await?, None);
    let unknown = uuid::Uuid::now_v7().into();
    assert!(matches!(world.db.suspend_tenant(unknown, true).await, Err(StoreError::NoTenant(_))));
    Ok(())
}
