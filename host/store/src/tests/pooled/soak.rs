//! Hundreds of transactions of two tenants at once through a few sessions, while callers go away, statements fail and
//! sessions are killed: nobody ever sees a row of the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use casemate_gate::Value;

use super::Elsewhere;
use super::bouncer::Release;
use super::probed::superuser;
use crate::tests::world::{AnyError, CAPS, Outcome, ROWS, World, new_id};
use crate::{Access, Door, TenantTx, wire};

const TRANSACTIONS: usize = 600;
const CALLERS: usize = 60;
const KILLS: usize = 30;

#[derive(Debug, Default)]
struct Counts {
    read: AtomicUsize,
    written: AtomicUsize,
    failed: AtomicUsize,
    cancelled: AtomicUsize,
    broken: AtomicUsize,
    foreign: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(super) async fn no_row_crosses(elsewhere: Elsewhere) -> Outcome {
    let (_bouncer, external) = elsewhere.behind(Release::SAFE, "default_pool_size = 5")?;
    let world = elsewhere.world(&external).await?;
    let counts = Arc::new(Counts::default());
    let room = Arc::new(tokio::sync::Semaphore::new(CALLERS));
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..TRANSACTIONS {
        let (world, counts, room) = (world.clone(), Arc::clone(&counts), Arc::clone(&room));
        callers.spawn(async move {
            let _place = room.acquire().await?;
            // What breaks is counted; what is seen decides.
            if transaction(&world, number, &counts).await.is_err() {
                count(&counts.broken);
            }
            Ok::<_, AnyError>(())
        });
    }
    let mut conn = superuser(&elsewhere).await?;
    let kill = "select count(pg_terminate_backend(pid))::text from (select pid from pg_stat_activity \
        where usename in ('casemate_sql', 'casemate_host') order by random() limit 1) s";
    let mut killed = 0;
    while killed < KILLS && !callers.is_empty() {
        let sent = wire::simple(&mut conn, kill.to_owned()).await?;
        killed += usize::from(sent == [Some("1".to_owned())]);
        tokio::time::sleep(Duration::from_millis(20)).await;
        while let Some(done) = callers.try_join_next() {
            done??;
        }
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    println!("{TRANSACTIONS} transactions, {killed} sessions killed: {counts:?}");
    assert_eq!(counts.foreign.load(Ordering::Relaxed), 0);
    assert!(counts.read.load(Ordering::Relaxed) * 5 > TRANSACTIONS, "most go well: {counts:?}");
    assert!(killed > 5 && counts.cancelled.load(Ordering::Relaxed) > 5, "{counts:?}");
    // And nothing was lost on the way: what was written is there, on either side alone.
    let mut sum = 0;
    for tenant in [world.one, world.other] {
        let scope = world.scope(tenant, new_id())?;
        let mut tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, late()).await?;
        let rows = tx.query("select notes from public.assessments", &[], CAPS).await?.rows.len();
        sum += rows - ROWS;
        tx.rollback().await?;
    }
    let written = counts.written.load(Ordering::Relaxed);
    assert!(sum >= written, "{sum} rows of {written} that were acknowledged");
    world.db.close().await;
    Ok(())
}

fn late() -> std::time::Instant {
    std::time::Instant::now() + Duration::from_secs(60)
}

async fn transaction(world: &World, number: usize, counts: &Counts) -> Outcome {
    let (tenant, name) = if number.is_multiple_of(2) { (world.one, "one ") } else { (world.other, "other ") };
    let scope = world.scope(tenant, new_id())?;
    let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, late()).await?;
    match number % 7 {
        0 => {
            let written = format!("{name}written {number}");
            let insert = "insert into public.assessments (notes) values ($1)";
            tx.change(insert, &[Value::Text(written)]).await?;
            tx.commit().await?;
            count(&counts.written);
            return Ok(());
        }
        1 => {
            let slow = tx.query("select count(*) from generate_series(1, 1000000000)", &[], CAPS);
            drop(tokio::time::timeout(Duration::from_millis(20), slow).await);
            count(&counts.cancelled);
            return Ok(());
        }
        2 => {
            drop(tx);
            count(&counts.cancelled);
            return Ok(());
        }
        3 if tx.query("select 1 / 0 from public.assessments", &[], CAPS).await.is_err() => count(&counts.failed),
        _ => {}
    }
    let rows = tx.query("select notes from public.assessments", &[], CAPS).await?;
    let own = |row: &Vec<Value>| matches!(row.first(), Some(Value::Text(notes)) if notes.starts_with(name));
    if rows.rows.len() < ROWS || !rows.rows.iter().all(own) {
        count(&counts.foreign);
    }
    count(&counts.read);
    tx.rollback().await?;
    Ok(())
}
