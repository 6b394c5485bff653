//! The role that sees all of one tenant's rows: who can become it, what it sees, and what it may take away.

use sqlx::Connection as _;

use super::world::{Outcome, World, new_id, row};
use crate::tenants::keeper::{self, Mode};
use crate::{Door, StoreError, wire};
use casemate_gate::journal::{Journal as _, RowKind};

/// Postgres's code of what was refused.
fn refused<T>(result: Result<T, sqlx::Error>) -> Option<String> {
    result
        .err()
        .and_then(|error| error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned())))
}

pub(super) async fn agents_cannot_become_it(world: World) -> Outcome {
    for door in [Door::Sql, Door::Records] {
        let mut lease = world.db.lease(door).await?;
        let role = wire::simple(lease.get(), "begin; set local role casemate_keeper; rollback".to_owned()).await;
        assert_eq!(refused(role).as_deref(), (door == Door::Sql).then_some("42501"), "{door:?}");
    }
    let mut lease = world.db.lease(Door::Sql).await?;
    let erase =
        wire::simple(lease.get(), format!("begin; set local role {}; select * from casemate.erase()", world.role));
    assert_eq!(refused(erase.await).as_deref(), Some("42501"));
    Ok(())
}

pub(super) async fn sees_one_tenants_rows_and_erases_none_of_an_active_one(world: World) -> Outcome {
    let (one, run, epoch) = world.run(world.one).await?;
    let (other, theirs, since) = world.run(world.other).await?;
    let journal = crate::PgJournal::new(&world.db);
    journal.append(&one, vec![row(run, 1, epoch, RowKind::Start)]).await?;
    journal.append(&other, vec![row(theirs, 1, since, RowKind::Start)]).await?;
    let count = |table: &str, id| format!("select count(*) from casemate.{table} where {id}");
    let mut lease = keeper::open(&world.db, &one, Mode::Snapshot).await?;
    for (of, seen) in [(run, "1"), (theirs, "0")] {
        for (table, id) in [("runs", format!("id = '{of}'")), ("journal", format!("run_id = '{of}'"))] {
            let rows = wire::simple(lease.get(), count(table, id)).await?;
            assert_eq!(rows, [Some(seen.to_owned())], "{table} of {of}");
        }
    }
    drop(lease);
    let mut lease = keeper::open(&world.db, &one, Mode::Erase).await?;
    let erased = wire::simple(lease.get(), "select * from casemate.erase()".to_owned()).await;
    assert_eq!(refused(erased).as_deref(), Some("CM002"), "it is not suspended");
    drop(lease);
    let mut lease = keeper::open(&world.db, &one, Mode::Erase).await?;
    let deleted = wire::simple(lease.get(), "delete from casemate.journal".to_owned()).await;
    assert_eq!(refused(deleted).as_deref(), Some("42501"), "it holds no DELETE there, whatever the tenant's standing");
    drop(lease);
    // Without a claim it sees nothing.
    let mut lease = world.db.lease(Door::Records).await?;
    let bare = "begin; set local role casemate_keeper; select count(*) from casemate.journal; rollback";
    assert_eq!(wire::simple(lease.get(), bare.to_owned()).await?, [Some("0".to_owned())]);
    lease.clean();
    Ok(())
}

pub(super) async fn a_suspended_tenant_goes_with_its_rows(world: World) -> Outcome {
    let (gone, id) = (world.db.add_tenant("gone").await?, new_id());
    let scope = world.scope(gone, id)?;
    world.create(&scope, id).await?;
    // Tables of users are in the way here: some of this world's are not protected, and that is said first.
    let refused = world.db.erase_tenant(&scope).await;
    assert!(matches!(refused.err(), Some(StoreError::TenantTable { .. })));
    world.db.suspend_tenant(gone, true).await?;
    let own = "select name, gone from casemate.erase()";
    for commits in [false, true] {
        let mut lease = keeper::open(&world.db, &scope, Mode::Erase).await?;
        let counts: Vec<(String, i64)> = sqlx::query_as(own).fetch_all(lease.get()).await?;
        let named = [
            ("casemate.journal", 0),
            ("casemate.approvals", 0),
            ("casemate.events", 0),
            ("casemate.stretches", 0),
            ("casemate.windows", 0),
            ("casemate.runs", 1),
            ("casemate.kv", 0),
            ("casemate.artefacts", 0),
        ];
        assert_eq!(counts, named.map(|(name, gone)| (name.to_owned(), gone)));
        if commits {
            wire::simple(lease.get(), "commit".to_owned()).await?;
            lease.clean();
        }
    }
    assert_eq!(world.db.tenant_by_name("gone").await?, None);
    assert!(world.db.waiting().await?.iter().all(|waiting| waiting.tenant != gone));
    // Of one that is gone there is nothing, and that is no error.
    let mut lease = keeper::open(&world.db, &scope, Mode::Erase).await?;
    let counts: Vec<(String, i64)> = sqlx::query_as(own).fetch_all(lease.get()).await?;
    assert!(counts.len() == 8 && counts.iter().all(|(_, gone)| *gone == 0), "{counts:?}");
    Ok(())
}

/// A table of the host's own that comes later has to be exported and erased too: then this list grows with them.
pub(super) async fn every_table_of_the_host_is_thought_of(world: World) -> Outcome {
    let mut owner = world.db.info().owner().await?;
    let with_tenants = "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
        where a.attname = 'tenant_id' and c.relkind in ('r', 'p')
          and c.relnamespace in ('casemate'::regnamespace, 'app'::regnamespace) order by 1";
    let slots = (0..8).map(|slot| format!("queue_{slot}"));
    let tables = ["approvals", "artefacts", "events", "journal", "kv", "later", "leases", "queue"].map(str::to_owned);
    let last = ["runs", "shares", "stretches", "windows"].map(str::to_owned);
    let expected: Vec<_> = tables.into_iter().chain(slots).chain(last).map(Some).collect();
    assert_eq!(wire::simple(&mut owner, with_tenants.to_owned()).await?, expected);
    owner.close().await?;
    Ok(())
}
