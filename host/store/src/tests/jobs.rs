//! Jobs and hosts on real Postgres: what is accepted is kept, what is claimed is fenced, and what the machine of
//! `casemate-jobs` says is what the rows say.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use casemate_gate::job::{Ending, NewJob, Terms};
use casemate_gate::journal::{Journal as _, JournalError, RowKind};
use casemate_gate::{Digest, Epoch, RunId, TenantId};
use casemate_jobs::{Command, End, Refused, State, Wake};
use sqlx::Connection as _;
use uuid::Uuid;

use super::world::{AnyError, Outcome, World, new_id, new_run, row};
use crate::{Access, Claimed, HeldRun, JobFilter, NewHost, PgJournal, Place, StoreError, Submitted};

/// Long enough for a test, and short enough to be waited for.
const LEASE: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "tests wait for times to come")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// A tenant of the case's own, so that its queue is its own.
async fn tenant(world: &World, name: &str) -> Result<TenantId, AnyError> {
    Ok(world
        .db
        .add_tenant(&format!("z-jobs-{name}-{}", Uuid::new_v4().simple()).chars().take(40).collect::<String>())
        .await?)
}

fn job(world: &World, tenant: TenantId, terms: Terms) -> Result<NewJob, AnyError> {
    let id = new_id();
    let scope = world.scope(tenant, id)?;
    Ok(NewJob { run: new_run(&scope, id), terms, start: row(id, 0, Epoch::new(0), RowKind::Start) })
}

async fn submit(world: &World, tenant: TenantId, terms: Terms) -> Result<RunId, AnyError> {
    let scope = world.scope(tenant, new_id())?;
    let submitted = world.db.submit(&scope, vec![job(world, tenant, terms)?]).await?;
    Ok(submitted.first().ok_or("nothing was submitted")?.job())
}

async fn claim(world: &World, tenant: TenantId, host: Uuid, most: u32) -> Result<Claimed, AnyError> {
    let waiting = world.db.waiting().await?;
    let Some(found) = waiting.iter().find(|waiting| waiting.tenant == tenant) else { return Ok(Claimed::default()) };
    let places: Vec<Place> = found.ranks.iter().map(|rank| Place { rank: *rank, place: 0 }).collect();
    Ok(world.db.claim(&world.scope(tenant, new_id())?, host, &places, most).await?)
}

async fn one(world: &World, tenant: TenantId, host: Uuid) -> Result<HeldRun, AnyError> {
    let mut claimed = claim(world, tenant, host, 1).await?;
    claimed.runs.pop().ok_or_else(|| "nothing was claimed".into())
}

async fn end(world: &World, tenant: TenantId, held: &HeldRun, state: State) -> Result<(), AnyError> {
    let ending = Ending { state, reason: 0, next: None, spent: None };
    let rows = vec![row(held.run.id, 9, held.run.epoch, RowKind::End)];
    Ok(world.db.end_run(&world.scope(tenant, held.run.id)?, rows, ending).await?)
}

async fn state(world: &World, tenant: TenantId, job: RunId) -> Result<State, AnyError> {
    Ok(world.db.job(&world.scope(tenant, job)?, job).await?.run.state)
}

pub(super) async fn one_key_is_one_job(world: World) -> Outcome {
    let tenant = tenant(&world, "key").await?;
    let scope = world.scope(tenant, new_id())?;
    let named = |asked: &[u8]| Terms { key: Some(("order-7".to_owned(), Digest::of(asked))), ..Terms::default() };
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (world, scope) = (world.clone(), scope.clone());
        let new = job(&world, tenant, named(b"a"))?;
        crowd.spawn(async move { world.db.submit(&scope, vec![new]).await });
    }
    let mut submitted = Vec::new();
    while let Some(done) = crowd.join_next().await {
        submitted.extend(done??);
    }
    assert_eq!(submitted.iter().map(|one| one.job()).collect::<HashSet<_>>().len(), 1, "{submitted:?}");
    assert_eq!(submitted.iter().filter(|one| matches!(one, Submitted::New(_))).count(), 1, "{submitted:?}");
    let other = world.db.submit(&scope, vec![job(&world, tenant, named(b"b"))?]).await;
    assert!(matches!(other, Err(StoreError::KeyTaken { .. })), "{other:?}");
    // A key that is taken takes nothing of the batch with it.
    let batch = vec![job(&world, tenant, Terms::default())?, job(&world, tenant, named(b"b"))?];
    assert!(world.db.submit(&scope, batch).await.is_err());
    let filter = JobFilter { limit: 100, ..JobFilter::default() };
    assert_eq!(world.db.list_jobs(&scope, &filter).await?.len(), 1);
    let claimed = claim(&world, tenant, Uuid::new_v4(), 10).await?;
    assert_eq!((claimed.runs.len(), claimed.taken), (1, 1));
    let journal = claimed.runs.first().and_then(|held| held.journal.clone()).unwrap_or_default();
    assert_eq!(
        journal.iter().map(|row| (row.seq.get(), row.epoch.get(), row.kind)).collect::<Vec<_>>(),
        [(0, 0, RowKind::Start)]
    );
    Ok(())
}

pub(super) async fn a_beginning_is_signed_for_its_run(world: World) -> Outcome {
    let (own, other) = (tenant(&world, "begin").await?, tenant(&world, "begin-other").await?);
    let NewJob { run, start, .. } = job(&world, own, Terms::default())?;
    let (id, scope) = (run.id.as_uuid(), world.scope(own, run.id)?);
    let insert = "insert into casemate.runs (id, agent, component_digest, policy_digest, wrapped_key, job_id)
        values ($1, $2, $3, $4, $5, $1)";
    let insert = sqlx::query(insert)
        .bind(id)
        .bind(String::from(run.agent))
        .bind(run.component.as_bytes().to_vec())
        .bind(run.policy.as_bytes().to_vec())
        .bind(run.wrapped_key);
    world.db.in_tenant(&scope, Access::Write, insert).await?;
    let (keyring, frame) = (world.db.keyring(), start.sealed);
    let begin = |tag: Vec<u8>| {
        let query = sqlx::query("select casemate.journal_begin($1, $2, $3, $4)");
        query.bind(keyring.id().to_owned()).bind(vec![id]).bind(vec![frame.clone()]).bind(tag)
    };
    let tag = |tenant: TenantId, run: Uuid, frame: &[u8]| {
        keyring.begin_tag(&tenant.to_string(), &[run], &[frame.to_vec()]).to_vec()
    };
    let forged = [
        Vec::new(),
        vec![0; 32],
        tag(other, id, &frame),
        tag(own, new_id().as_uuid(), &frame),
        tag(own, id, b"something else"),
    ];
    for tag in forged {
        let begun = world.db.in_tenant(&scope, Access::Write, begin(tag.clone())).await;
        assert!(begun.is_err(), "a beginning that the host has not signed was kept: {tag:?}");
    }
    assert!(world.db.load_run(&scope, run.id).await?.1.is_empty());
    world.db.in_tenant(&scope, Access::Write, begin(tag(own, id, &frame))).await?;
    assert_eq!(world.db.load_run(&scope, run.id).await?.1.len(), 1);
    Ok(())
}

pub(super) async fn a_claim_fences_and_a_lost_host_gives_up(world: World) -> Outcome {
    let tenant = tenant(&world, "fence").await?;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let host = |id: Uuid| NewHost { id, name: "a".to_owned(), version: "0".to_owned(), slots: 1 };
    let start = world.db.register_host(host(first), LEASE).await?;
    assert!(world.db.renew_host(first, start, LEASE, 0, false).await?);
    let id = submit(&world, tenant, Terms::default()).await?;
    let held = one(&world, tenant, first).await?;
    assert_eq!((held.run.id, held.run.epoch.get(), held.job.state), (id, 1, State::Running));
    assert!(claim(&world, tenant, second, 1).await?.runs.is_empty(), "it is held");
    let scope = world.scope(tenant, id)?;
    // To another tenant it isn't there.
    let foreign = world.scope(world.other, id)?;
    assert!(matches!(world.db.job(&foreign, id).await, Err(StoreError::NoRun)));
    assert!(matches!(world.db.take_over(&foreign, Some(second), id).await, Err(StoreError::NoRun)));
    assert!(matches!(world.db.command(&foreign, id, Command::Cancel).await, Err(StoreError::NoRun)));
    assert_eq!(world.db.lose(&foreign, first, vec![id]).await?, 0);
    let journal = PgJournal::new(&world.db);
    journal.append(&scope, vec![row(id, 1, held.run.epoch, RowKind::Intent)]).await?;
    // Its lease runs out: others find what it holds, and it is told when it asks.
    tokio::time::sleep(LEASE + Duration::from_millis(200)).await;
    let orphans = world.db.orphans(None).await?;
    assert!(orphans.iter().any(|orphan| (orphan.run, orphan.host) == (id, first)), "{orphans:?}");
    assert!(!world.db.renew_host(first, start, LEASE, 1, false).await?);
    assert_eq!(world.db.lose(&scope, first, vec![id]).await?, 1);
    assert_eq!(world.db.lose(&scope, first, vec![id]).await?, 0, "twice is as once");
    let late = journal.append(&scope, vec![row(id, 1, held.run.epoch, RowKind::Outcome)]).await;
    assert!(matches!(late, Err(JournalError::Fenced)), "{late:?}");
    let taken = one(&world, tenant, second).await?;
    assert_eq!((taken.run.epoch.get(), taken.lost_by, taken.job.lost), (2, Some(first), 1));
    assert!(
        matches!(end(&world, tenant, &held, State::Done).await, Err(error) if error.to_string().contains("another host"))
    );
    end(&world, tenant, &taken, State::Done).await?;
    assert_eq!(state(&world, tenant, id).await?, State::Done);
    assert!(end(&world, tenant, &taken, State::Done).await.is_err(), "an end is the last");
    assert!(matches!(world.db.command(&scope, id, Command::Cancel).await, Err(StoreError::Job(Refused::Ended))));
    Ok(())
}

pub(super) async fn what_waits_is_woken_once(world: World) -> Outcome {
    let tenant = tenant(&world, "wake").await?;
    let host = Uuid::new_v4();
    for wakes_before in [false, true] {
        let id = submit(&world, tenant, Terms::default()).await?;
        let (held, event) = (one(&world, tenant, host).await?, Uuid::new_v4());
        let scope = world.scope(tenant, id)?;
        if wakes_before {
            assert!(world.db.happen(&scope, event, b"yes".to_vec()).await?);
        }
        let wake = Wake { at_ms: None, event: Some(event) };
        let parked = world.db.park(&scope, id, held.run.epoch.get(), wake, Duration::from_secs(3), None).await?;
        if !wakes_before {
            assert_eq!(parked.job.state, State::Waiting);
            assert!(claim(&world, tenant, host, 1).await?.runs.is_empty());
            assert!(world.db.happen(&scope, event, b"yes".to_vec()).await?);
        }
        assert!(!world.db.happen(&scope, event, b"no".to_vec()).await?, "the first answer stays");
        let again = one(&world, tenant, host).await?;
        assert_eq!((again.run.id, again.run.epoch.get(), again.lost_by), (id, 2, None));
        assert_eq!(again.running, Duration::from_secs(3));
        // Until a time, which is far enough for a busy machine to look before it.
        let soon = again.now_ms + 3_000;
        world.db.park(&scope, id, 2, Wake { at_ms: Some(soon), event: None }, Duration::ZERO, None).await?;
        assert!(claim(&world, tenant, host, 1).await?.runs.is_empty());
        // Paused meanwhile, it stands still; let go on, it wakes.
        world.db.command(&scope, id, Command::Pause).await?;
        tokio::time::sleep(Duration::from_millis(3_100)).await;
        assert!(claim(&world, tenant, host, 1).await?.runs.is_empty());
        world.db.command(&scope, id, Command::Unpause).await?;
        let last = one(&world, tenant, host).await?;
        // Cancelled while it is held, nothing more of it is kept, and who claims it ends it.
        world.db.command(&scope, id, Command::Cancel).await?;
        let late = PgJournal::new(&world.db).append(&scope, vec![row(id, 5, last.run.epoch, RowKind::Outcome)]).await;
        assert!(matches!(late, Err(JournalError::Fenced)), "{late:?}");
        let ending = one(&world, tenant, host).await?;
        assert_eq!((ending.run.id, ending.job.ending), (id, Some(End::Cancelled)));
        end(&world, tenant, &ending, State::Cancelled).await?;
    }
    Ok(())
}

pub(super) async fn a_cap_holds_among_hosts(world: World) -> Outcome {
    let tenant = tenant(&world, "cap").await?;
    world.db.set_share(tenant, 3, Some(4)).await?;
    assert_eq!(world.db.share(tenant).await?, (3, Some(4)));
    let scope = world.scope(tenant, new_id())?;
    let jobs = (0..20).map(|_| job(&world, tenant, Terms::default())).collect::<Result<Vec<_>, _>>()?;
    world.db.submit(&scope, jobs).await?;
    let mut hosts = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let world = world.clone();
        hosts.spawn(async move { claim(&world, tenant, Uuid::new_v4(), 10).await });
    }
    let mut held = Vec::new();
    while let Some(done) = hosts.join_next().await {
        held.extend(done??.runs);
    }
    assert_eq!(held.len(), 4);
    let first = held.first().ok_or("none")?;
    end(&world, tenant, first, State::Done).await?;
    assert_eq!(claim(&world, tenant, Uuid::new_v4(), 10).await?.runs.len(), 1, "one came free");
    Ok(())
}

pub(super) async fn the_queue_turns_and_keeps_its_order(world: World) -> Outcome {
    let tenant = tenant(&world, "order").await?;
    let host = Uuid::new_v4();
    let mut expected = Vec::new();
    for priority in [0_i16, 5, -5, 0, 5] {
        expected.push((-priority, submit(&world, tenant, Terms { priority, ..Terms::default() }).await?));
    }
    expected.sort_by_key(|(rank, _)| *rank);
    let claimed = claim(&world, tenant, host, 10).await?;
    assert_eq!(
        claimed.runs.iter().map(|held| held.run.id).collect::<Vec<_>>(),
        expected.iter().map(|(_, id)| *id).collect::<Vec<_>>()
    );
    // What lies behind a place is not looked at again.
    let next = submit(&world, tenant, Terms::default()).await?;
    let scope = world.scope(tenant, new_id())?;
    let again = world.db.claim(&scope, host, &claimed.places, 10).await?;
    assert_eq!(again.runs.iter().map(|held| held.run.id).collect::<Vec<_>>(), [next]);
    // Not before its time.
    let later =
        submit(&world, tenant, Terms { not_before: Some(now() + Duration::from_millis(400)), ..Terms::default() })
            .await?;
    assert!(claim(&world, tenant, host, 10).await?.runs.is_empty());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(one(&world, tenant, host).await?.run.id, later);
    // A slot that has something in it is not emptied.
    let mut owner = world.db.info().owner().await?;
    let kept = submit(&world, tenant, Terms::default()).await?;
    for _ in 0..10 {
        sqlx::query("update casemate.queue_slot set since = now() - interval '1 hour'").execute(&mut owner).await?;
        world.db.turn_queue().await?;
    }
    assert_eq!(one(&world, tenant, host).await?.run.id, kept);
    Ok(())
}

pub(super) async fn a_hint_that_came_after_a_claim_began_is_not_lost(world: World) -> Outcome {
    let tenant = tenant(&world, "late").await?;
    world.db.set_share(tenant, 1, Some(10)).await?;
    let host = Uuid::new_v4();
    // A claim that has begun and waits: what it finds is due since later than its transaction's time.
    let mut owner = world.db.info().owner().await?;
    let mut held = owner.begin().await?;
    sqlx::query("select 1 from casemate.shares where tenant_id = $1 for update")
        .bind(tenant.as_uuid())
        .fetch_one(&mut *held)
        .await?;
    let waiting = {
        let (world, scope) = (world.clone(), world.scope(tenant, new_id())?);
        tokio::spawn(async move { world.db.claim(&scope, host, &[Place { rank: 0, place: 0 }], 10).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let id = submit(&world, tenant, Terms::default()).await?;
    held.commit().await?;
    let claimed = waiting.await??;
    assert_eq!(claimed.runs.iter().map(|held| held.run.id).collect::<Vec<_>>(), [id]);
    Ok(())
}

pub(super) async fn an_end_and_the_next_attempt_are_one(world: World) -> Outcome {
    let tenant = tenant(&world, "retry").await?;
    let host = Uuid::new_v4();
    let id = submit(&world, tenant, Terms { attempts: 2, ..Terms::default() }).await?;
    let held = one(&world, tenant, host).await?;
    let scope = world.scope(tenant, id)?;
    let terms = Terms { job: Some(id), attempt: 2, attempts: 2, ..Terms::default() };
    let next = job(&world, tenant, terms.clone())?;
    let second = next.run.id;
    let failed = |next: NewJob| Ending { state: State::Failed, reason: 802, next: Some(Box::new(next)), spent: None };
    // Fenced, neither happens.
    let stale = vec![row(id, 9, held.run.epoch.next(), RowKind::End)];
    let refused = world.db.end_run(&scope, stale, failed(next.clone())).await;
    assert!(matches!(refused, Err(JournalError::Fenced)), "{refused:?}");
    assert_eq!(world.db.attempts(&scope, id).await?.len(), 1);
    world.db.end_run(&scope, vec![row(id, 9, held.run.epoch, RowKind::End)], failed(next)).await?;
    let attempts = world.db.attempts(&scope, id).await?;
    let told: Vec<_> = attempts.iter().map(|(run, reason)| (run.id, run.state, *reason)).collect();
    assert_eq!(told, [(id, State::Failed, 802), (second, State::Ready, 0)]);
    let record = world.db.job(&scope, second).await?;
    assert_eq!((record.id, record.run.id, record.attempt), (id, second, (2, 2)));
    let twice = world.db.submit(&scope, vec![job(&world, tenant, terms)?]).await;
    assert!(matches!(twice, Err(StoreError::Job(Refused::NotFailed))), "an attempt is made once: {twice:?}");
    let held = one(&world, tenant, host).await?;
    assert_eq!((held.run.id, held.name, held.job.attempt), (second, id, 2));
    end(&world, tenant, &held, State::Done).await?;
    assert_eq!(state(&world, tenant, id).await?, State::Done);
    Ok(())
}

pub(super) async fn a_deadline_ends_what_waits(world: World) -> Outcome {
    let tenant = tenant(&world, "late").await?;
    let host = Uuid::new_v4();
    let soon = || Terms { deadline: Some(now() + Duration::from_millis(400)), ..Terms::default() };
    let (parked, running) = (submit(&world, tenant, soon()).await?, submit(&world, tenant, soon()).await?);
    for id in [parked, running] {
        assert_eq!(one(&world, tenant, host).await?.run.id, id);
    }
    let wake = Wake { at_ms: None, event: Some(Uuid::new_v4()) };
    world.db.park(&world.scope(tenant, parked)?, parked, 1, wake, Duration::ZERO, None).await?;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let claimed = claim(&world, tenant, host, 10).await?;
    let found: HashSet<_> = claimed.runs.iter().map(|held| (held.run.id, held.job.ending)).collect();
    let late = Some(End::Dead(casemate_jobs::Reason::Deadline));
    assert_eq!(found, HashSet::from([(parked, late), (running, late)]));
    for held in &claimed.runs {
        end(&world, tenant, held, State::Dead).await?;
    }
    Ok(())
}

pub(super) async fn old_jobs_go_with_their_journals(world: World) -> Outcome {
    let tenant = tenant(&world, "old").await?;
    let host = Uuid::new_v4();
    let old = submit(&world, tenant, Terms::default()).await?;
    end(&world, tenant, &one(&world, tenant, host).await?, State::Done).await?;
    let held = submit(&world, tenant, Terms::default()).await?;
    one(&world, tenant, host).await?;
    let scope = world.scope(tenant, held)?;
    assert_eq!(world.db.forget_jobs(&scope, now() - Duration::from_secs(3600), 10).await?, 0);
    assert_eq!(world.db.forget_jobs(&scope, now() + Duration::from_secs(1), 10).await?, 1);
    assert!(matches!(world.db.job(&scope, old).await, Err(StoreError::NoRun)));
    assert_eq!(world.db.load_run(&scope, held).await?.1.len(), 1);
    Ok(())
}
