//! Rows: a tenant's own and no others, whatever the statement tries.

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{Said, text};

fn queries(host: &Host, tenant: &str, statements: &[&str]) -> Tested<Said> {
    let actions: Vec<Value> = statements.iter().map(|text| json!({"do": "sql-query", "statement": text})).collect();
    host.run("probe", &Policy::open().flagging(), &json!(actions), &[tenant])
}

fn executions(host: &Host, statements: &[&str]) -> Tested<Said> {
    let actions: Vec<Value> = statements.iter().map(|text| json!({"do": "sql-execute", "statement": text})).collect();
    host.run("probe", &Policy::open().flagging(), &json!(actions), &["acme"])
}

/// What Postgres says may quote rows: a guest gets the code and nothing else of it.
fn is_bare(said: &Said, at: usize) -> Tested {
    let message = text(said.reply(at)?, "/refused/message");
    let (words, state) =
        message.rsplit_once(" (SQLSTATE ").ok_or_else(|| format!("{at}: no SQLSTATE in `{message}`"))?;
    assert!(words.starts_with("Postgres "), "{message}");
    assert!(state.len() == 6 && state.ends_with(')'), "{message}");
    Ok(())
}

#[test]
fn other_tenants_rows_are_not_there() -> Tested {
    let host = Host::seeded()?;
    let statements = [
        "select count(*), count(distinct tenant_id) from public.assessments",
        "select count(*) from public.assessments where tenant_id <> app.tenant()",
        "select count(*) from public.assessments a cross join lateral (select 1 from public.assessments b \
         where b.tenant_id <> a.tenant_id) as other",
        "select count(*) from public.assessments where id = md5('globex1')::uuid or notes is null or true",
        "with everybody as (select * from public.assessments union all select * from public.assessments) \
         select count(distinct tenant_id) from everybody",
    ];
    for tenant in ["acme", "globex"] {
        let said = queries(&host, tenant, &statements)?;
        said.expect(0)?;
        let rows: Vec<_> =
            (0..5).map(|at| said.answer(at).map(|answer| answer.get("rows").cloned())).collect::<Tested<_>>()?;
        let expected = [json!([[300, 1]]), json!([[0]]), json!([[0]]), json!([[300]]), json!([[1]])].map(Some);
        assert_eq!(rows, expected, "{tenant}");
    }
    let said = executions(
        &host,
        &[
            "update public.assessments set score = 1 where tenant_id <> app.tenant()",
            "delete from public.assessments where tenant_id <> app.tenant()",
            "insert into public.summaries (tenant_id, agent, body) values (gen_random_uuid(), 'x', '{}')",
            "update public.assessments set tenant_id = gen_random_uuid()",
            "insert into public.summaries (agent, body) values ('x', '{}')",
        ],
    )?;
    said.expect(0)?;
    assert_eq!((said.answer(0)?, said.answer(1)?, said.answer(4)?), (&json!(0), &json!(0), &json!(1)));
    assert_eq!((said.refused(2)?, said.refused(3)?), (501, 501), "{}", said.stdout);
    is_bare(&said, 2)?;
    is_bare(&said, 3)?;
    assert_eq!(host.rows_of("globex", "select count(*), count(score) from public.assessments")?, json!([[300, 0]]));
    Ok(())
}

#[test]
fn a_claim_cannot_be_forged() -> Tested {
    let host = Host::seeded()?;
    let claims = r#"{"tenant_id":"00000000-0000-0000-0000-000000000000"}"#;
    let forged = format!("select set_config('request.jwt.claims', '{claims}', true)");
    let statements = [
        forged.as_str(),
        "select pg_catalog.set_config('app.mac', 'x', false)",
        "select app.open('x')",
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "select pg_sleep(0) from pg_notify('a', 'b')",
        "select pg_advisory_lock(1)",
        "select * from casemate.runs",
        "select * from casemate.journal",
        "select * from casemate.kv",
        "select rolpassword from pg_authid",
        "select dblink('host=/tmp', 'select 1')",
        "select query_to_xml('update public.assessments set score = 1', true, true, '')",
    ];
    let said = queries(&host, "acme", &statements)?;
    said.expect(0)?;
    for (at, statement) in statements.iter().enumerate() {
        assert_eq!(said.refused(at)?, 501, "{statement}: {}", said.reply(at)?);
        is_bare(&said, at)?;
    }
    assert_eq!(host.rows("select count(*), count(score) from public.assessments")?, json!([[300, 0]]));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn only_one_statement_of_the_right_kind() -> Tested {
    let host = Host::seeded()?;
    let never = [
        "set role casemate_migrate",
        "set request.jwt.claims = '{}'",
        "reset all",
        "commit",
        "rollback",
        "begin",
        "select 1; select 2",
        "select 1; commit",
        "copy public.assessments to stdout",
        "do $$ begin end $$",
        "create table public.mine (a int)",
        "drop table public.assessments",
        "grant all on public.assessments to public",
        "explain select 1",
        "prepare x as select 1",
        "execute casemate_run",
        "listen a",
        "notify a",
        "vacuum",
        "lock table public.assessments",
        "truncate public.assessments",
        "",
        ";",
        "-- nothing",
        "call x()",
        "declare c cursor for select 1",
        "deallocate all",
        "discard all",
        "savepoint x",
        "nonsense",
        "select 'open",
        "select 1 /* open",
        "table public.assessments; delete from public.assessments",
    ];
    for said in [queries(&host, "acme", &never)?, executions(&host, &never)?] {
        said.expect(0)?;
        for (at, statement) in never.iter().enumerate() {
            assert_eq!(said.refused(at)?, 502, "{statement}: {}", said.reply(at)?);
            is_bare(&said, at)?;
        }
    }
    // What a query may not do, and what an execution need not.
    let writes = [
        "insert into public.summaries (agent, body) values ('x', '{}')",
        "update public.assessments set score = 1",
        "delete from public.assessments",
        "select * from public.assessments for update",
        "with gone as (delete from public.assessments returning 1) select count(*) from gone",
        "insert into public.summaries (agent, body) values ('x', '{}') returning id",
    ];
    let said = queries(&host, "acme", &writes)?;
    said.expect(0)?;
    for (at, statement) in writes.iter().enumerate() {
        assert!(matches!(said.refused(at)?, 501 | 502), "{statement}: {}", said.reply(at)?);
    }
    assert_eq!(host.rows("select count(*), count(score) from public.assessments")?, json!([[300, 0]]));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_refused_statement_says_its_code_and_nothing_of_the_rows() -> Tested {
    let host = Host::seeded()?;
    let statements = [
        "select notes::integer from public.assessments",
        "select 1/0",
        "select * from public.nowhere",
        "select nothing from public.assessments",
        "select (select notes from public.assessments)",
        "select notes::uuid from public.assessments limit 1",
        "select '{'::jsonb",
        "select xmlparse(document notes) from public.assessments",
    ];
    let said = queries(&host, "acme", &statements)?;
    said.expect(0)?;
    for (at, statement) in statements.iter().enumerate() {
        assert_eq!(said.refused(at)?, 501, "{statement}: {}", said.reply(at)?);
        is_bare(&said, at)?;
    }
    assert!(said.stdout.contains("22P02") && said.stdout.contains("22012") && said.stdout.contains("42P01"));
    Ok(())
}

#[test]
fn an_execution_happens_once_or_not_at_all() -> Tested {
    let host = Host::seeded()?;
    let first = "(select id from public.assessments order by id limit 1)";
    let said = executions(
        &host,
        &[
            &format!("update public.assessments set score = 1 where id = {first}"),
            &format!("update public.assessments set score = 2, status = 'broken' where id = {first}"),
            &format!("delete from public.assessments where id = {first} and 1/0 = 1"),
        ],
    )?;
    said.expect(0)?;
    assert_eq!((said.answer(0)?, said.refused(1)?, said.refused(2)?), (&json!(1), 501, 501), "{}", said.stdout);
    assert_eq!(host.rows("select count(*), sum(score), sum(written) from public.assessments")?, json!([[300, 1, 1]]));
    host.verify()?.expect(0).map(drop)
}
