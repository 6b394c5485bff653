//! Rows of an older database survive the migrations that came since.

use std::borrow::Cow;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::world::{AnyError, Outcome};
use crate::{ConnectInfo, check, wire};

const TENANT: &str = "00000000-0000-0000-0000-00000000000a";
const RUN: &str = "00000000-0000-0000-0000-00000000000b";

async fn migrate(owner: &mut PgConnection, last: i64) -> Outcome {
    let mut migrator: Migrator = sqlx::migrate!("./migrations");
    migrator.dangerous_set_table_name("app.migrations");
    let migrations = migrator.migrations.iter().filter(|one| one.version <= last).cloned().collect::<Vec<_>>();
    migrator.migrations = Cow::Owned(migrations);
    migrator.run_direct(None, owner, false).await?;
    Ok(())
}

/// A database that was migrated to 0003, with a run, its journal, a value, an agent's role and a key.
pub(super) async fn rows_survive(info: &ConnectInfo, superuser: &PgConnectOptions) -> Outcome {
    let mut first = superuser.connect().await?;
    wire::simple(&mut first, "create database upgrade template template0 encoding 'UTF8'".to_owned()).await?;
    first.close().await?;
    let mut second = superuser.clone().database("upgrade").connect().await?;
    wire::simple(&mut second, include_str!("../../bootstrap/roles.sql").to_owned()).await?;
    second.close().await?;
    let mut owner = info.migrate().database("upgrade").connect().await?;
    migrate(&mut owner, 3).await?;
    wire::simple(&mut owner, old_rows()).await?;
    assert_eq!(rows(&mut owner).await?, ["1 2 1"]);
    migrate(&mut owner, i64::MAX).await?;
    // Everything is there, the run is a job of its own, and whichever host looks for work finds it.
    assert_eq!(rows(&mut owner).await?, ["1 2 1"]);
    let named = "begin; alter table casemate.runs no force row level security;
        select concat_ws(' ', r.state, r.job_id = r.id, (select count(*) from casemate.queue q where q.run_id = r.id))
            from casemate.runs r; rollback";
    assert_eq!(wire::simple(&mut owner, named.to_owned()).await?, [Some("ready t 1".to_owned())]);
    assert_eq!(check::findings(&mut owner).await?, []);
    // An old key's tags are what they were, and they are HMAC-SHA-256.
    let tags = "select (app.tag('0123456789abcdef', 'seal', m) = casemate_crypto.hmac(m, sha256('k'), 'sha256'))::text
        from unnest(array['', 'a', repeat('x', 55), repeat('x', 64), repeat('x', 5000)]::bytea[]) m";
    assert!(wire::simple(&mut owner, tags.to_owned()).await?.iter().all(|same| same.as_deref() == Some("true")));
    // RFC 4231, case 2, whose key is shorter than the block.
    let known = "select encode(sha256(app.padded('Jefe', 92) || sha256(app.padded('Jefe', 54) || 'what do ya want for nothing?')), 'hex')";
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(wire::simple(&mut owner, known.to_owned()).await?, [Some(expected.to_owned())]);
    owner.close().await?;
    Ok(())
}

/// Tenants' rows as the owner sees them while they aren't forced.
async fn rows(owner: &mut PgConnection) -> Result<Vec<String>, AnyError> {
    let look = "begin; alter table casemate.runs no force row level security;
        alter table casemate.journal no force row level security; alter table casemate.kv no force row level security;
        select concat_ws(' ', (select count(*) from casemate.runs), (select count(*) from casemate.journal),
            (select count(*) from casemate.kv));
        rollback";
    Ok(wire::simple(owner, look.to_owned()).await?.into_iter().flatten().collect())
}

fn old_rows() -> String {
    format!(
        "begin;
        alter table casemate.runs no force row level security; alter table casemate.journal no force row level security;
        alter table casemate.kv no force row level security; alter table casemate.tenants no force row level security;
        insert into casemate.tenants (id, name) values ('{TENANT}', 'old');
        insert into casemate.runs (id, tenant_id, agent, component_digest, policy_digest, state, wrapped_key)
            values ('{RUN}', '{TENANT}', 'a', sha256('c'), sha256('p'), 'running', '\\x01');
        insert into casemate.journal (tenant_id, run_id, seq, epoch, kind, frame)
            values ('{TENANT}', '{RUN}', 0, 1, 0, '\\x00'), ('{TENANT}', '{RUN}', 1, 1, 2, '\\x01');
        insert into casemate.kv (tenant_id, agent, key, value) values ('{TENANT}', 'a', 'k', '\\x02');
        insert into casemate.ready values (gen_random_uuid(), '{TENANT}', 'ready', now());
        insert into app.keys (id, purpose, host, key) values ('0123456789abcdef', 'seal', 'local', sha256('k'));
        alter table casemate.runs force row level security; alter table casemate.journal force row level security;
        alter table casemate.kv force row level security; alter table casemate.tenants force row level security;
        create table public.theirs (id uuid, tenant_id uuid not null default app.tenant(), primary key (tenant_id, id));
        alter table public.theirs enable row level security; alter table public.theirs force row level security;
        create policy f on public.theirs as restrictive using (tenant_id = (select app.tenant()));
        create role casemate_agent_fedcba9876543210;
        grant select, insert, update, delete on public.theirs to casemate_agent_fedcba9876543210;
        commit"
    )
}
