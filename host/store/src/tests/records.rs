//! The host's own tables: protected, `kv`, runs, tenants.

use super::world::{Outcome, World, new_id, soon};
use crate::{Access, Door, SqlError, StoreError, TenantTx, wire};

pub(super) async fn tables_are_protected(world: World) -> Outcome {
    let mut owner = world.db.info().owner().await?;
    let bare = "select c.relname::text from pg_class c where c.relnamespace in ('casemate'::regnamespace, 'public'::regnamespace)
        and c.relkind in ('r', 'p', 'm') and not (c.relrowsecurity and c.relforcerowsecurity)
        and c.relname not in ('unprotected', 'unforced')";
    assert_eq!(wire::simple(&mut owner, bare.to_owned()).await?, []);
    let floorless = "select c.relname::text from pg_class c where c.relnamespace = 'casemate'::regnamespace and c.relkind in ('r', 'p')
        and not exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and p.polcmd = '*' and p.polroles = '{0}')
        order by 1";
    // Those that hold no tenant's data: names of tenants, ids and places of runs, hosts and what they share.
    let own = ["documents", "hosts", "later", "leases", "queue"].map(str::to_owned);
    let slots = (0..8).map(|slot| format!("queue_{slot}"));
    let expected: Vec<_> =
        own.into_iter().chain(slots).chain(["queue_slot", "shares", "tenants"].map(str::to_owned)).map(Some).collect();
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
