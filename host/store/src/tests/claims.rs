//! The attack table on the signed claim. These cases go past the filter of statements, on a bare connection of the
//! `sql` login: the claim has to hold even where the filter doesn't.

use std::time::{Duration, SystemTime};

use casemate_gate::TenantId;

use super::world::{AnyError, Outcome, ROWS, World, new_id};
use crate::claims::Keyring;
use crate::session::{Door, Lease};
use crate::{Db, wire};

const COUNT: &str = "select count(*) from public.assessments";

impl World {
    fn token(&self, tenant: TenantId) -> Result<String, AnyError> {
        Ok(self.db.keyring().token(&self.scope(tenant, new_id())?, Duration::from_secs(5))?)
    }

    /// The message's answers, then the lease with its transaction still open.
    async fn raw(&self, sql: String) -> Result<(Vec<Option<String>>, Lease), AnyError> {
        let mut lease = self.db.lease(Door::Sql).await?;
        let rows = wire::simple(lease.get(), sql).await?;
        Ok((rows, lease))
    }
}

fn texts(rows: &[Option<String>]) -> Vec<&str> {
    rows.iter().map(|row| row.as_deref().unwrap_or("NULL")).collect()
}

#[expect(clippy::disallowed_methods, reason = "tests sign with the present")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn later() -> SystemTime {
    now() + Duration::from_secs(60)
}

pub(super) async fn right_claim_sees_its_rows(world: World) -> Outcome {
    let (token, role) = (world.token(world.one)?, &world.role);
    let open = format!("begin; select app.open('{token}'); set local role {role}; {COUNT}; select app.tenant()");
    let (rows, _lease) = world.raw(open).await?;
    assert_eq!(texts(&rows), ["t", &ROWS.to_string(), &world.one.to_string()]);
    Ok(())
}

pub(super) async fn wrong_tokens_see_nothing(world: World) -> Outcome {
    let (keys, other, one) = (world.db.keyring(), Keyring::generate()?, world.one);
    let good = world.token(one)?;
    let signed = |claims: &str| keys.sign(claims.as_bytes(), later());
    let tokens = [
        String::new(),
        "x".to_owned(),
        "....".to_owned(),
        good.replace('.', ""),
        format!("{good}0"),
        format!("{good}."),
        good.chars().rev().collect(),
        // Another tenant's claims under this token's tag.
        {
            let theirs = world.token(world.other)?;
            let claims = theirs.split('.').nth(1).unwrap_or_default();
            good.split('.')
                .enumerate()
                .map(|(n, part)| if n == 1 { claims } else { part })
                .collect::<Vec<_>>()
                .join(".")
        },
        other.sign(format!(r#"{{"tenant_id":"{one}"}}"#).as_bytes(), later())?,
        other.sign(b"{}", later())?.replace(other.id(), keys.id()),
        keys.sign(format!(r#"{{"tenant_id":"{one}"}}"#).as_bytes(), now() - Duration::from_secs(2))?,
        signed("")?,
        signed("not json")?,
        signed("[]")?,
        signed("null")?,
        signed("{}")?,
        signed(r#"{"tenant_id":null}"#)?,
        signed(r#"{"tenant_id":"zzz"}"#)?,
        // As long as a UUID.
        signed(&format!(r#"{{"tenant_id":"{}"}}"#, "z".repeat(36)))?,
        signed(&format!(r#"{{"tenant_id":"{one}""#))?,
        signed(&format!(r#"{{"tenant_id":["{one}"]}}"#))?,
        signed(&format!(r#"{{"tenant_id":"{one}\u0000"}}"#))?,
        signed(&format!("{{\"tenant_id\":\"{one}\0\"}}"))?,
        signed(&format!(r#"{{"tenant_id":"{one}","tenant_id":"{one}"}}"#))?,
        keys.sign(&[0xff, 0xfe], later())?,
        signed(&format!(r#"{{"tenant_id":"{one}","x":"{}"}}"#, "y".repeat(9000)))?,
    ];
    for token in tokens {
        let sql = format!(
            "begin; select app.open('{token}'); select app.tenant(); set local role {}; {COUNT}; rollback",
            world.role
        );
        let (rows, lease) = world.raw(sql).await?;
        assert_eq!(texts(&rows), ["f", "NULL", "0"], "{token}");
        lease.clean();
    }
    // The host's own login, for which no directory is asked, is as strict.
    for claims in [format!(r#"{{"tenant_id":"{}"}}"#, "z".repeat(36)), r#"{"tenant_id":"zzz"}"#.to_owned()] {
        let mut lease = world.db.lease(Door::Records).await?;
        let sql = format!("begin; select app.open('{}'), app.tenant()::text; rollback", signed(&claims)?);
        assert_eq!(wire::simple(lease.get(), sql).await?, [Some("f".to_owned())], "{claims}");
        lease.clean();
    }
    // A refused token closes the claim that was open.
    let (rows, lease) = world
        .raw(format!("begin; select app.open('{good}'); select app.open('x'); select app.tenant(); rollback"))
        .await?;
    assert_eq!(texts(&rows), ["t", "f", "NULL"]);
    lease.clean();
    Ok(())
}

pub(super) async fn set_claim_sees_nothing(world: World) -> Outcome {
    let (token, role) = (world.token(world.one)?, &world.role);
    for claims in [format!(r#"{{"tenant_id":"{}"}}"#, world.other), String::new(), "not json".to_owned()] {
        let sql = format!(
            "begin; select app.open('{token}'); set local role {role}; set local request.jwt.claims = '{claims}'; {COUNT}; rollback"
        );
        let (rows, lease) = world.raw(sql).await?;
        assert_eq!(texts(&rows), ["t", "0"], "{claims}");
        lease.clean();
    }
    for seal in ["", "x", "a.b.c.d", &format!("{}.99999999999.{}.{}", "0".repeat(16), "0".repeat(32), "0".repeat(64))] {
        let sql = format!(
            "begin; select app.open('{token}'); set local role {role}; set local app.seal = '{seal}'; {COUNT}; rollback"
        );
        let (rows, lease) = world.raw(sql).await?;
        assert_eq!(texts(&rows), ["t", "0"], "{seal}");
        lease.clean();
    }
    Ok(())
}

pub(super) async fn replayed_claim_sees_nothing(world: World) -> Outcome {
    let (token, role) = (world.token(world.one)?, &world.role);
    let take = format!(
        "begin; select app.open('{token}'); set local role {role}; select current_setting('request.jwt.claims'); \
         select current_setting('app.seal'); {COUNT}"
    );
    let (rows, mut lease) = world.raw(take).await?;
    let [_, Some(claims), Some(seal), Some(count)] = rows.as_slice() else { return Err("no seal".into()) };
    assert_eq!(count, &ROWS.to_string());
    let replay = format!(
        "begin; set local role {role}; set local request.jwt.claims = '{claims}'; set local app.seal = '{seal}'; {COUNT}; rollback"
    );
    // While its transaction is open, from another connection; then from the same one, in the next transaction.
    let (rows, other) = world.raw(replay.clone()).await?;
    assert_eq!(texts(&rows), ["0"]);
    other.clean();
    let rows = wire::simple(lease.get(), format!("commit; {COUNT_NOBODY}; {replay}")).await?;
    assert_eq!(texts(&rows), ["", "0"]);
    Ok(())
}

/// The claim ended with its transaction.
const COUNT_NOBODY: &str = "select current_setting('request.jwt.claims')";

pub(super) async fn roles_cannot_be_left(world: World) -> Outcome {
    let (token, role) = (world.token(world.one)?, &world.role);
    for way_out in [
        format!("reset role; {COUNT}"),
        format!("set role none; {COUNT}"),
        "set role casemate_migrate".to_owned(),
        "set role casemate_host".to_owned(),
        "set role postgres".to_owned(),
        "set session authorization postgres".to_owned(),
        format!("select app.open('{token}')"),
        "select * from app.keys".to_owned(),
        "select app.rotate('local', '0123456789abcdef', '', '')".to_owned(),
        "select app.tag('0123456789abcdef', 'seal', '')".to_owned(),
        "select casemate_crypto.gen_random_bytes(1)".to_owned(),
        "create table public.x ()".to_owned(),
        "create temp table x ()".to_owned(),
        "alter table public.assessments disable row level security".to_owned(),
        "truncate public.assessments".to_owned(),
        "select set_config('request.jwt.claims', '{}', true)".to_owned(),
    ] {
        let sql = format!("begin; select app.open('{token}'); set local role {role}; {way_out}");
        let error = world.raw(sql).await.err().ok_or_else(|| format!("not refused: {way_out}"))?;
        let code = error.downcast_ref::<sqlx::Error>().and_then(crate::error::sqlstate);
        assert_eq!(code.as_deref(), Some("42501"), "{way_out}");
    }
    Ok(())
}

pub(super) async fn old_keys_overlap(world: World) -> Outcome {
    let before = world.token(world.one)?;
    let next = Db::connect(world.db.info()).await?;
    let sql = format!("begin; select app.open('{before}'); select app.tenant(); rollback");
    let (rows, lease) = world.raw(sql).await?;
    assert_eq!(texts(&rows), ["t", &world.one.to_string()]);
    lease.clean();
    // The last start's keys run out in five minutes; make that now, then hand the cases valid ones again.
    let mut owner = world.db.info().owner().await?;
    let expire = "update app.keys set not_after = clock_timestamp() where not_after < 'infinity'";
    wire::simple(&mut owner, expire.to_owned()).await?;
    let (rows, lease) = world.raw(sql_of(&before)).await?;
    assert_eq!(texts(&rows), ["f", "NULL"]);
    lease.clean();
    wire::simple(&mut owner, "update app.keys set not_after = 'infinity'".to_owned()).await?;
    next.close().await;
    Ok(())
}

fn sql_of(token: &str) -> String {
    format!("begin; select app.open('{token}'); select app.tenant(); rollback")
}
