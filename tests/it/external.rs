//! The whole host on a Postgres that it doesn't start, directly and through PgBouncer: what has to be done once, what is
//! refused and how, and that agents of two tenants do there what they do at home.

mod authority;
mod pooler;
mod server;

use std::fs;

use serde_json::{Value, json};

use crate::host::{Host, Tested, example};
use crate::policy::Policy;
use crate::said::{Said, text};
use pooler::Pooler;
pub(crate) use server::Server;

/// A host whose configuration names the server, and the pooler if there is one.
fn host_on(server: &Server, pooler: Option<&Pooler>) -> Tested<Host> {
    let host = Host::empty()?;
    let mut settings = format!("[database]\nhost = {}\nport = {}\n", json!(server.directory()), server.port());
    if let Some(pooler) = pooler {
        settings.push_str(&format!("pooler-host = {}\n", json!(pooler.directory())));
    }
    configure(&host, &settings)?;
    Ok(host)
}

fn configure(host: &Host, settings: &str) -> Tested {
    fs::create_dir_all(host.data())?;
    Ok(fs::write(host.data().join("config.toml"), settings)?)
}

/// The superuser's visit, and its password where `psql` looks for it.
fn bootstrap(host: &Host, server: &Server, words: &[&str]) -> Tested<Said> {
    Said::of(host.command(&[&["db", "bootstrap"], words].concat())?.env("PGPASSWORD", server.password()))
}

fn seed(host: &Host) -> Tested {
    for words in [&["tenant", "add", "acme"][..], &["tenant", "add", "globex"], &["db", "apply", &example("seed.sql")]]
    {
        host.ask(words)?.expect(0)?;
    }
    Ok(())
}

/// Both tenants' agents at once, and every row written once by its own.
fn works_for_both(host: &Host) -> Tested {
    let said = host.run("assessor", &Policy::assessor(), &json!({"batch": 20}), &["acme", "globex"])?;
    said.expect(0)?;
    let scored: Vec<_> = said.of_type("result").map(|line| line.pointer("/result/scored").cloned()).collect();
    assert_eq!(scored, [Some(json!(300)), Some(json!(300))], "{}", said.stdout);
    for tenant in ["acme", "globex"] {
        let rows = host.rows_of(
            tenant,
            "select count(*), count(distinct tenant_id), min(written), max(written) from public.assessments",
        )?;
        assert_eq!(rows, json!([[300, 1, 1, 1]]), "{tenant}");
    }
    host.is_in_order()
}

fn status(host: &Host) -> Tested<Value> {
    let said = host.ask(&["db", "status"])?;
    said.expect(0)?.lines.first().cloned().ok_or_else(|| "a line".into())
}

#[test]
fn a_host_on_another_postgres() -> Tested {
    let server = Server::start()?;
    let host = host_on(&server, None)?;
    host.ask(&["runs", "--tenant", "acme"])?.is_error("database-not-bootstrapped", 4)?;
    let url = format!("postgres://postgres:{}@localhost/postgres", server.password());
    let told = bootstrap(&host, &server, &["--superuser-url", &url])?;
    told.is_error("database-url", 3)?;
    assert!(!told.stderr.contains(server.password()), "{}", told.stderr);
    let wrong = host.file("wrong", "wrong\n")?;
    bootstrap(&host, &server, &["--password-file", &wrong])?.is_error("database-login", 4)?;
    let right = host.file("right", format!("{}\n", server.password()))?;
    let mut asked = host.command(&["db", "bootstrap", "--password-file", &right])?;
    let done = Said::of(asked.env_remove("PGPASSWORD"))?;
    assert!(done.expect(0)?.of_type("bootstrap").all(|line| line.get("changed") == Some(&json!(true))));
    let again = bootstrap(&host, &server, &[])?;
    assert!(again.expect(0)?.of_type("bootstrap").all(|line| line.get("changed") == Some(&json!(false))));

    let found = status(&host)?;
    assert_eq!(found.get("pooled"), Some(&json!(false)), "{found}");
    assert!(text(&found, "/server").contains(server.directory()), "{found}");
    seed(&host)?;
    works_for_both(&host)?;
    assert!(!host.data().join("postgres").exists(), "no Postgres of its own was started");
    beside(&host, &server)
}

/// Another host on the same server has the first one's tenants, and keeps its claims' keys beside the first one's.
fn beside(host: &Host, server: &Server) -> Tested {
    let other = host_on(server, None)?;
    bootstrap(&other, server, &[])?.is_error("database-taken", 3)?;
    fs::copy(host.data().join("database.credentials"), other.data().join("database.credentials"))?;
    // Without the first one's key file nothing of the keys that it left in the database opens.
    other.ask(&["tenant", "add", "initech"])?.is_error("keys-foreign", 4)?;
    fs::copy(host.data().join("host.key"), other.data().join("host.key"))?;
    other.ask(&["tenant", "add", "acme"])?.is_error("tenant-exists", 3)?;
    other.ask(&["tenant", "add", "initech"])?.expect(0)?;
    let actions = json!([{"do": "kv-set", "key": "probe/a", "value": "1"}]);
    other.run("probe", &Policy::open(), &actions, &["initech"])?.expect(0)?;
    let valid = "select count(distinct host) from app.keys where not_after = 'infinity'";
    assert_eq!(server.ask("casemate", valid)?, "2");
    assert_eq!(status(host)?.get("database"), Some(&json!("casemate")));
    assert_ne!(status(host)?.get("host"), status(&other)?.get("host"));
    Ok(())
}

#[test]
fn a_host_behind_a_pooler() -> Tested {
    if !pooler::is_there()? {
        return Ok(());
    }
    let server = Server::start()?;
    // The pooler's users come from the credentials, which the bootstrap writes.
    let direct = host_on(&server, None)?;
    bootstrap(&direct, &server, &[])?.expect(0)?;
    let users = direct.ask(&["db", "pooler-users"])?.expect(0)?.stdout.clone();
    let password = fs::read_to_string(direct.data().join("database.credentials"))?;
    let secret = password.lines().find_map(|line| line.strip_prefix("sql=")).ok_or("a password")?;
    assert!(users.lines().count() == 2 && !users.contains(secret), "{users}");

    // Two sessions for each login, and more agents than that.
    let pooler = Pooler::start(pooler::SAFE, &server, &users, "default_pool_size = 2")?;
    let host = host_on(&server, Some(&pooler))?;
    fs::copy(direct.data().join("database.credentials"), host.data().join("database.credentials"))?;
    let found = status(&host)?;
    assert_eq!(found.get("pooled"), Some(&json!(true)), "{found}");
    seed(&host)?;
    works_for_both(&host)?;
    let sessions = "select count(*) from pg_stat_activity where usename in ('casemate_host', 'casemate_sql')";
    let left: usize = server.ask("postgres", sessions)?.parse()?;
    assert!((1..=4).contains(&left), "{left} sessions of the pooler");
    drop(pooler);
    host.ask(&["runs", "--tenant", "acme"])?.is_error("store-unreachable", 4)?;

    for (program, line, code) in [
        (pooler::OLD, "", "pooler-prepared"),
        (pooler::SAFE, "max_prepared_statements = 0", "pooler-prepared"),
        (pooler::SAFE, "pool_mode = statement", "pooler-statements"),
    ] {
        let pooler = Pooler::start(program, &server, &users, line)?;
        let host = host_on(&server, Some(&pooler))?;
        fs::copy(direct.data().join("database.credentials"), host.data().join("database.credentials"))?;
        let refused = host.ask(&["db", "status"])?;
        refused.is_error(code, 4)?;
        let message = refused.error()?;
        let names = ["max_prepared_statements", "pool_mode"];
        assert!(names.iter().any(|name| text(&message, "/message").contains(name)), "it says what to set: {message}");
    }
    Ok(())
}

#[test]
fn nobody_in_between_over_the_network() -> Tested {
    let server = Server::start()?;
    let authority = authority::Authority::new(&server)?;
    let at = |host: &str, more: &str| format!("[database]\nhost = \"{host}\"\nport = {}\n{more}", server.port());
    let root = format!("root-certificate = {}\n", json!(authority.root()));
    let verified = format!("tls = \"verify-full\"\n{root}");
    let host = Host::empty()?;
    configure(&host, &at("localhost", &verified))?;
    // A server that speaks no TLS gets no password.
    bootstrap(&host, &server, &[])?.is_error("database-tls", 4)?;
    server.restart_with_tls(&authority)?;
    bootstrap(&host, &server, &[])?.expect(0)?;
    let found = status(&host)?;
    assert_eq!(found.get("tls"), Some(&json!(true)), "{found}");
    host.ask(&["tenant", "add", "acme"])?.expect(0)?;
    host.ask(&["runs", "--tenant", "acme"])?.expect(0)?;

    // An authority that isn't believed, and a name that the certificate doesn't have.
    for settings in [at("localhost", "tls = \"verify-full\"\n"), at("127.0.0.1", &verified)] {
        configure(&host, &settings)?;
        host.ask(&["db", "status"])?.is_error("database-tls", 4)?;
    }
    // Without TLS this server lets nobody in, so what went well before was encrypted.
    configure(&host, &at("127.0.0.1", ""))?;
    host.ask(&["db", "status"])?.is_error("database-login", 4)
}
