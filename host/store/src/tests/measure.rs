//! Numbers for the design's ratio: one append beside one plain insert on the same server. Printed, not judged.

use std::time::{Duration, Instant};

use casemate_gate::journal::{Journal, Row, RowKind};
use casemate_gate::{Seq, Value};

use super::world::{CAPS, Outcome, World, soon};
use crate::{Access, Door, PgJournal, TenantTx, wire};

const ROUNDS: u64 = 200;

pub(super) async fn appends(world: &World) -> Outcome {
    let mut owner = world.db.info().owner().await?;
    wire::simple(&mut owner, "create table app.plain (id uuid primary key, frame bytea)".to_owned()).await?;
    for (what, sql) in [
        ("ping", "select 1".to_owned()),
        ("open", {
            let token =
                world.db.keyring().token(&world.scope(world.one, super::world::new_id())?, Duration::from_secs(60))?;
            format!("begin; select app.open('{token}'); rollback")
        }),
        ("tag", "select app.tag('0', 'seal', '')".to_owned()),
    ] {
        let mut times = Vec::new();
        let mut lease = world.db.lease(Door::Records).await?;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            drop(wire::simple(if what == "tag" { &mut owner } else { lease.get() }, sql.clone()).await?);
            times.push(started.elapsed());
        }
        lease.clean();
        println!("{what}: {:?}", median(times));
    }
    let (scope, run, epoch) = world.run(world.one).await?;
    let journal = PgJournal::new(&world.db);
    let (mut plain, mut append, mut effect, mut read) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for seq in 0..ROUNDS {
        let sealed = vec![u8::try_from(seq % 256)?; 1024];
        let started = Instant::now();
        let insert =
            sqlx::query("insert into app.plain values ($1, $2)").bind(uuid::Uuid::now_v7()).bind(sealed.clone());
        insert.execute(&mut owner).await?;
        plain.push(started.elapsed());

        let row = |seq| Row { run, seq: Seq::new(seq), epoch, kind: RowKind::Outcome, sealed: sealed.clone() };
        let started = Instant::now();
        journal.append(&scope, vec![row(seq)]).await?;
        append.push(started.elapsed());

        let started = Instant::now();
        let mut tx = TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, soon()).await?;
        tx.change("update public.assessments set score = $1 where notes = 'one 1'", &[Value::Integer(1)]).await?;
        tx.append_and_commit(vec![row(seq + ROUNDS)]).await?;
        effect.push(started.elapsed());

        let started = Instant::now();
        let mut tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, soon()).await?;
        tx.query("select notes from public.assessments where notes = 'one 1'", &[], CAPS).await?;
        tx.rollback().await?;
        read.push(started.elapsed());
    }
    println!(
        "medians of {ROUNDS}: plain insert {:?}, append {:?}, update+outcome {:?}, read {:?}",
        median(plain),
        median(append),
        median(effect),
        median(read)
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
