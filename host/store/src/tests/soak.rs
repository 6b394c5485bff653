//! Two tenants' transactions in a crowd, cancelled at random, their backends killed at random: no row of the other
//! tenant is ever seen, and every session that is used again is clean.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use casemate_gate::{TenantId, Value};
use sqlx::ConnectOptions;
use tokio::task::JoinSet;

use super::world::{AnyError, CAPS, Outcome, ROWS, World, new_id, soon};
use crate::{Caps, Door, Rows, SqlError, TenantTx, wire};

/// Transactions, all begun at once.
const CROWD: u64 = 1000;
const KILL_EVERY: Duration = Duration::from_millis(60);
const ALL: &str = "select tenant_id, notes from public.assessments";

/// What came of them.
#[derive(Debug, Default)]
struct Counts {
    own: AtomicU64,
    foreign: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    killed: AtomicU64,
}

fn add(counter: &AtomicU64, number: usize) {
    counter.fetch_add(number as u64, Ordering::Relaxed);
}

pub(super) async fn a_crowd_keeps_to_its_rows(world: World) -> Outcome {
    let counts = Arc::new(Counts::default());
    let over = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn(kill(world.clone(), Arc::clone(&counts), Arc::clone(&over)));
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        let (world, counts) = (world.clone(), Arc::clone(&counts));
        crowd.spawn(async move {
            let tenant = if number % 2 == 0 { world.one } else { world.other };
            // A tenth is given up by its caller, each a little later than the one before.
            let patience = if number % 10 == 3 { Duration::from_micros(number * 20) } else { Duration::from_secs(60) };
            let visit = async {
                loop {
                    match visit(&world, tenant, number, &counts).await {
                        Err(error) if matches!(error.downcast_ref(), Some(SqlError::Crowded { .. })) => {
                            tokio::time::sleep(Duration::from_millis(3)).await;
                        }
                        done => return done,
                    }
                }
            };
            match tokio::time::timeout(patience, visit).await {
                Ok(Ok(())) => add(&counts.answered, 1),
                Ok(Err(_)) => add(&counts.failed, 1),
                Err(_) => add(&counts.cancelled, 1),
            }
        });
    }
    while let Some(done) = crowd.join_next().await {
        done?;
    }
    over.store(true, Ordering::Relaxed);
    killer.await??;
    println!("{counts:?}");
    assert_eq!(counts.foreign.load(Ordering::Relaxed), 0);
    assert!(counts.answered.load(Ordering::Relaxed) > CROWD / 4, "{counts:?}");
    assert!(counts.killed.load(Ordering::Relaxed) > 0 && counts.cancelled.load(Ordering::Relaxed) > 0, "{counts:?}");
    clean_sessions(&world).await
}

/// One transaction of one of five kinds.
async fn visit(world: &World, tenant: TenantId, number: u64, counts: &Counts) -> Result<(), AnyError> {
    let scope = world.scope(tenant, new_id())?;
    let seen = |rows: &Rows| {
        let own = Value::Uuid(tenant.to_string());
        let mine = rows.rows.iter().filter(|row| row.first() == Some(&own)).count();
        add(&counts.own, mine);
        add(&counts.foreign, rows.rows.len() - mine);
    };
    match number % 5 {
        0 => seen(&world.db.query(&scope, ALL, &[], CAPS, soon()).await?),
        1 => {
            let mut cursor = world.db.open(&scope, ALL, &[], soon()).await?;
            seen(&cursor.next(Caps { rows: 3, ..CAPS }).await?);
            seen(&cursor.next(Caps { rows: 3, ..CAPS }).await?);
        }
        2 => {
            let mut tx = TenantTx::begin_held(&world.db, &scope, soon()).await?;
            tx.change("update public.assessments set score = score + 1", &[]).await?;
            seen(&tx.query(ALL, &[], CAPS).await?);
            tx.rollback().await?;
        }
        3 => {
            let slow = "select tenant_id, count(*) from public.assessments, generate_series(1, 20000) group by 1";
            seen(&world.db.query(&scope, slow, &[], CAPS, soon()).await?);
        }
        _ => {
            let failed = world.db.query(&scope, "select tenant_id, 1 / 0 from public.assessments", &[], CAPS, soon());
            if !matches!(failed.await, Err(SqlError::Refused { .. } | SqlError::Unavailable(_))) {
                add(&counts.foreign, 1);
            }
        }
    }
    Ok(())
}

/// Ends backends of agents' login, one at a time, until the crowd is gone.
async fn kill(world: World, counts: Arc<Counts>, over: Arc<AtomicBool>) -> Outcome {
    let mut superuser = world.superuser.connect().await?;
    let kill = "select pg_terminate_backend(pid)::text from pg_stat_activity where usename = 'casemate_sql' order by random() limit 1";
    while !over.load(Ordering::Relaxed) {
        add(&counts.killed, wire::simple(&mut superuser, kill.to_owned()).await?.len());
        tokio::time::sleep(KILL_EVERY).await;
    }
    Ok(())
}

/// Whoever comes next finds no claim, role, setting, transaction or lock of the one before.
async fn clean_sessions(world: &World) -> Outcome {
    let state = "select concat_ws('|', current_user, coalesce(current_setting('request.jwt.claims', true), ''),
        coalesce(current_setting('app.seal', true), ''), current_setting('statement_timeout'),
        current_setting('transaction_read_only'), current_setting('search_path'))";
    let mut looked = 0;
    let mut held = Vec::new();
    while let Ok(Ok(mut lease)) = tokio::time::timeout(Duration::from_millis(500), world.db.lease(Door::Sql)).await {
        // One whose backend was killed while nobody used it; dropped, it leaves its place to another.
        let Ok(rows) = wire::simple(lease.get(), state.to_owned()).await else { continue };
        assert_eq!(rows, [Some("casemate_sql|||30s|off|public".to_owned())]);
        looked += 1;
        held.push(lease);
    }
    println!("{looked} sessions were clean");
    held.into_iter().for_each(crate::session::Lease::clean);
    let scope = world.scope(world.one, new_id())?;
    let rows = world.db.query(&scope, ALL, &[], CAPS, soon()).await?;
    assert_eq!(rows.rows.len(), ROWS);
    Ok(())
}
