//! What the host finds out about who stands before the server, and what it refuses.

use std::time::Instant;

use super::bouncer::{Bouncer, Release, password};
use super::{Elsewhere, at};
use crate::tests::world::{AnyError, Outcome};
use crate::{External, PoolerError, ServerError, StoreError, bootstrap_external, wire};

/// What opening a database came to, by the code of its error.
async fn opened(elsewhere: &Elsewhere, external: &External) -> Result<bool, &'static str> {
    let opened = elsewhere.open(external).await;
    opened.map(|info| info.is_pooled()).map_err(|error| {
        println!("  {}: {error}", error.code());
        error.code()
    })
}

pub(super) async fn poolers_are_told_apart(elsewhere: Elsewhere) -> Outcome {
    let started = Instant::now();
    assert_eq!(opened(&elsewhere, &elsewhere.external).await, Ok(false));
    println!("opened without a pooler, tables made: {:?}", started.elapsed());
    let started = Instant::now();
    assert_eq!(opened(&elsewhere, &elsewhere.external).await, Ok(false));
    println!("opened again: {:?}", started.elapsed());
    let cases: [(Release, &str, Result<bool, &str>); 12] = [
        (Release::SAFE, "", Ok(true)),
        (Release::SAFE, "default_pool_size = 1", Ok(true)),
        (Release::SAFE, "default_pool_size = 2\nmax_prepared_statements = 1", Ok(true)),
        (Release::SAFE, "server_round_robin = 1\nmin_pool_size = 5", Ok(true)),
        (Release::SAFE, "server_reset_query_always = 1", Ok(true)),
        (Release::SAFE, "pool_mode = session", Ok(false)),
        (Release::SAFE, "max_prepared_statements = 0", Err("pooler-prepared")),
        (
            Release::SAFE,
            "max_prepared_statements = 0\nserver_round_robin = 1\nmin_pool_size = 5",
            Err("pooler-prepared"),
        ),
        (Release::SAFE, "pool_mode = statement", Err("pooler-statements")),
        (Release::OLD, "", Err("pooler-prepared")),
        (Release::OLD, "default_pool_size = 1", Err("pooler-prepared")),
        (Release::OLD, "pool_mode = statement", Err("pooler-statements")),
    ];
    for (release, lines, expected) in cases {
        let started = Instant::now();
        let (_bouncer, external) = elsewhere.behind(release, lines)?;
        let found = opened(&elsewhere, &external).await;
        println!("{release:?} {lines:?}: {found:?} in {:?}", started.elapsed());
        assert_eq!(found, expected, "{release:?} {lines}");
        // A session that was found unsafe once is found unsafe again, with what is left in it.
        assert_eq!(opened(&elsewhere, &external).await, expected, "again: {release:?} {lines}");
    }
    misled(&elsewhere).await
}

/// Poolers that lead elsewhere, log in as somebody else, change sessions, or are taken for the server.
async fn misled(elsewhere: &Elsewhere) -> Outcome {
    let (bouncer, external) = elsewhere.behind(Release::SAFE, "")?;
    let direct = External { direct: at(bouncer.directory().to_owned(), super::bouncer::PORT), ..external.clone() };
    assert_eq!(opened(elsewhere, &direct).await, Err("pooler-direct"));
    drop(bouncer);
    assert_eq!(opened(elsewhere, &external).await, Err("store-unreachable"));

    // Another database on the same server, and what lets anybody in there.
    let mut superuser = superuser(elsewhere).await?;
    wire::simple(&mut superuser, "create database other".to_owned()).await?;
    let other_login = format!("user=casemate_host password={}", password(elsewhere, "host")?);
    for (words, expected) in [
        ("dbname=other", "pooler-server"),
        (other_login.as_str(), "pooler-login"),
        ("connect_query='set search_path = pg_catalog'", "pooler-setting"),
        ("connect_query='set row_security = off'", "pooler-setting"),
    ] {
        let bouncer = Bouncer::leading_to(Release::SAFE, elsewhere, "", words)?;
        let pooler = Some(at(bouncer.directory().to_owned(), super::bouncer::PORT));
        let external = External { pooler, ..elsewhere.external.clone() };
        assert_eq!(opened(elsewhere, &external).await, Err(expected), "{words}");
    }
    Ok(())
}

pub(super) async fn superuser(elsewhere: &Elsewhere) -> Result<sqlx::PgConnection, AnyError> {
    let options = elsewhere.external.direct.options().username("postgres").password(&elsewhere.password);
    Ok(sqlx::ConnectOptions::connect(&options.database("postgres")).await?)
}

pub(super) async fn a_bootstrap_says_what_it_did(elsewhere: Elsewhere) -> Outcome {
    let (external, superuser) = (&elsewhere.external, elsewhere.superuser());
    let changed = |made: &[crate::Done]| made.iter().map(|one| one.changed).collect::<Vec<_>>();
    let again = bootstrap_external(external, &superuser).await?;
    assert_eq!(changed(&again), [false; 4], "{again:?}");
    elsewhere.open(external).await?;

    // Another host's data directory: it has no credentials, and doesn't get them by locking the first one out.
    let other = External { credentials: elsewhere.room.path().join("other"), ..external.clone() };
    assert_eq!(opened(&elsewhere, &other).await, Err("database-not-bootstrapped"));
    let taken = bootstrap_external(&other, &superuser).await;
    assert!(matches!(taken, Err(StoreError::Server(ServerError::Taken { .. }))), "{taken:?}");
    std::fs::copy(&external.credentials, &other.credentials)?;
    assert_eq!(opened(&elsewhere, &other).await, Ok(false));
    let new = crate::Superuser { new_passwords: true, ..superuser.clone() };
    assert_eq!(changed(&bootstrap_external(&other, &new).await?), [false, false, true, true]);
    assert_eq!(opened(&elsewhere, external).await, Err("database-login"));
    std::fs::copy(&other.credentials, &external.credentials)?;

    // What the server keeps is no password, whatever its own settings are, and the logins' log nothing.
    let mut conn = self::superuser(&elsewhere).await?;
    let kept = "select bool_and(rolpassword ~ '^SCRAM-SHA-256[$]4096:')::text from pg_authid where rolname ~ '^casemate' and rolcanlogin";
    assert_eq!(wire::simple(&mut conn, kept.to_owned()).await?, [Some("true".to_owned())]);

    // Roles of another version, passwords that others may read, a superuser that is none, a wrong password.
    wire::simple(&mut conn, "comment on database casemate is 'Casemate; roles 00'".to_owned()).await?;
    assert_eq!(opened(&elsewhere, external).await, Err("database-roles"));
    assert_eq!(changed(&bootstrap_external(external, &superuser).await?), [false, true, false, false]);
    assert_eq!(opened(&elsewhere, external).await, Ok(false));
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(&external.credentials, open)?;
    assert_eq!(opened(&elsewhere, external).await, Err("database-credentials-open"));
    let failing = |superuser: crate::Superuser| async move { bootstrap_external(external, &superuser).await };
    let url = |url: &str, password: &str| crate::Superuser {
        url: Some(url.to_owned()),
        password: Some(password.to_owned()),
        new_passwords: false,
    };
    let socket = external.direct.to_string();
    let socket = socket.trim_end_matches(":5432").replace('/', "%2F");
    let migrate = password(&elsewhere, "migrate")?;
    let none = failing(url(&format!("postgres://casemate_migrate@{socket}/casemate"), &migrate)).await;
    assert!(matches!(none, Err(StoreError::Server(ServerError::NotSuperuser { .. }))), "{none:?}");
    let wrong = failing(url(&format!("postgres://postgres@{socket}/postgres"), "wrong")).await;
    assert!(matches!(wrong, Err(StoreError::Server(ServerError::Login { .. }))), "{wrong:?}");
    let absent = External { database: "absent".to_owned(), ..external.clone() };
    std::fs::set_permissions(&external.credentials, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    assert_eq!(opened(&elsewhere, &absent).await, Err("database-not-bootstrapped"));
    assert_eq!(PoolerError::Direct { address: String::new() }.code(), "pooler-direct");
    Ok(())
}
