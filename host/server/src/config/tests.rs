//! What overrules what, and what is refused; and the page for people, made of the fields' comments.
//! `UPDATE_GOLDEN=1` writes it anew.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{Config, ConfigError, Flags, Loaded, SETTINGS, Setting, Source, Written};

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// For each setting three values that differ from each other and from the default: of file, environment and flag.
const SAMPLES: [(&str, [&str; 3]); 16] = [
    ("data", ["/srv/file", "/srv/variable", "/srv/flag"]),
    ("zones", ["/f/1,/f/2,/f/3", "/v/1,/v/2,/v/3", "/g/1,/g/2,/g/3"]),
    ("postgres", ["/pg/file", "/pg/variable", "/pg/flag"]),
    ("database.host", ["db.example.org", "10.0.0.1", "/run/postgresql"]),
    ("database.port", ["5433", "5434", "5435"]),
    ("database.name", ["one", "two", "three-3"]),
    ("database.tls", ["disable", "verify-full", "disable"]),
    ("database.root-certificate", ["/tls/file.pem", "/tls/variable.pem", "/tls/flag.pem"]),
    ("database.pooler-host", ["pooler", "::1", "/run/pgbouncer"]),
    ("database.pooler-port", ["6001", "6002", "6003"]),
    ("database.credentials-file", ["/db/file", "/db/variable", "/db/flag"]),
    ("log", ["info", "debug", "trace"]),
    ("keys.file", ["/keys/file", "/keys/variable", "/keys/flag"]),
    ("checkpoints.every-seconds", ["10", "20", "30"]),
    ("hosts.lease-seconds", ["20", "30", "40"]),
    ("packs.trusted-keys-file", ["/packs/file", "/packs/variable", "/packs/flag"]),
];

/// How the value of a sample is written in a file, and shown.
fn as_toml(key: &str, sample: &str) -> String {
    match key {
        "zones" => format!("[{}]", sample.split(',').map(|zone| format!("\"{zone}\"")).collect::<Vec<_>>().join(", ")),
        "checkpoints.every-seconds" | "hosts.lease-seconds" | "database.port" | "database.pooler-port" => {
            sample.to_owned()
        }
        _ => format!("\"{sample}\""),
    }
}

struct Given {
    room: tempfile::TempDir,
    flags: Flags,
    environment: Vec<(OsString, OsString)>,
}

impl Given {
    fn new() -> Tested<Self> {
        Ok(Self { room: tempfile::tempdir()?, flags: Flags::default(), environment: Vec::new() })
    }

    fn file(mut self, text: impl AsRef<[u8]>) -> Tested<Self> {
        let path = self.room.path().join("named.toml");
        fs::write(&path, text)?;
        self.flags.file = Some(path);
        Ok(self)
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, key: &'static str, value: &str) -> Self {
        self.flags.values.push((key, Written::Text(value.into())));
        self
    }

    fn load(self) -> Result<Loaded, ConfigError> {
        Config::put_together(self.flags, self.environment.into_iter())
    }

    fn refused(self) -> &'static str {
        self.load().map_or_else(|error| error.code(), |_| "fine")
    }
}

fn value(loaded: &Loaded, key: &str) -> Option<String> {
    loaded.config.values().into_iter().find(|(name, _)| *name == key).and_then(|(_, value)| value)
}

#[test]
fn a_flag_overrules_a_variable_overrules_the_file_overrules_the_default() -> Tested {
    assert_eq!(SAMPLES.map(|(key, _)| key).to_vec(), SETTINGS.iter().map(|setting| setting.key).collect::<Vec<_>>());
    for (setting, (key, [in_file, in_variable, in_flag])) in SETTINGS.iter().zip(SAMPLES) {
        // Beside what is looked at, no file of any directory may be found.
        let none = || Ok::<_, Box<dyn std::error::Error>>(Given::new()?.variable("PATH", "/bin"));
        let file = |given: Given| given.file(format!("{key} = {}", as_toml(key, in_file)));
        let default = none()?.load()?;
        assert_eq!(default.source(key), Source::Default);
        let cases = [
            (file(none()?)?, in_file, Source::File),
            (file(none()?.variable(setting.variable, in_variable))?, in_variable, Source::Environment),
            (none()?.variable(setting.variable, in_variable), in_variable, Source::Environment),
            (file(none()?.variable(setting.variable, in_variable).flag(setting.key, in_flag))?, in_flag, Source::Flag),
            (file(none()?.flag(setting.key, in_flag))?, in_flag, Source::Flag),
        ];
        for (given, expected, source) in cases {
            let loaded = given.load()?;
            assert_eq!(value(&loaded, key), Some(as_toml(key, expected)), "{key} of {source}");
            assert_eq!(loaded.source(key), source, "{key}");
            assert_ne!(value(&loaded, key), value(&default, key), "{key}");
            // Nothing else is set by it, though defaults may lie in another data directory.
            let others = SETTINGS.iter().filter(|other| other.key != key);
            assert!(others.clone().all(|other| loaded.source(other.key) == Source::Default), "{key}");
        }
    }
    Ok(())
}

#[test]
fn defaults_are_in_the_data_directory() -> Tested {
    let loaded = Given::new()?.flag("data", "/srv/casemate").load()?;
    let config = &loaded.config;
    assert_eq!(config.key(), Path::new("/srv/casemate/host.key"));
    assert_eq!(config.zones[2], Path::new("/srv/casemate/zones/3"));
    assert_eq!(config.trusted_pack_keys, Path::new("/srv/casemate/trusted-pack-keys"));
    assert_eq!(
        (config.postgres.clone(), config.log.clone(), config.checkpoints.duration().as_secs()),
        (None, None, 300)
    );
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::of_directory(Path::new("/srv/casemate"))));
    Ok(())
}

#[test]
fn a_file_of_the_data_directory_is_found() -> Tested {
    let given = Given::new()?;
    let data = given.room.path().to_owned();
    fs::write(data.join("config.toml"), "checkpoints.every-seconds = 7\n[keys]\nfile = \"inside.key\"\n")?;
    let named = data.display().to_string();
    let loaded = given.flag("data", &named).load()?;
    assert_eq!(loaded.file.as_deref(), Some(data.join("config.toml").as_path()));
    assert_eq!(loaded.config.checkpoints.duration().as_secs(), 7);
    assert_eq!(loaded.config.key(), data.join("inside.key"), "a relative path is relative to the file");

    let given = Given::new()?.variable("CASEMATE_CHECKPOINTS__EVERY_SECONDS", "9");
    fs::write(given.room.path().join("config.toml"), "checkpoints.every-seconds = 7")?;
    let named = given.room.path().display().to_string();
    assert_eq!(given.flag("data", &named).load()?.config.checkpoints.duration().as_secs(), 9);

    let given = Given::new()?;
    fs::write(given.room.path().join("config.toml"), "data = \"elsewhere\"")?;
    let named = given.room.path().display().to_string();
    assert_eq!(given.flag("data", &named).refused(), "config-data");
    Ok(())
}

#[test]
fn a_file_is_named_by_flag_or_variable() -> Tested {
    let given = Given::new()?.file("log = \"info\"")?;
    let named = given.flags.file.clone().ok_or("a file")?.display().to_string();
    let by_variable = Given::new()?.variable("CASEMATE_CONFIG", &named).load()?;
    assert_eq!(value(&by_variable, "log"), Some("\"info\"".to_owned()));
    // The flag's file is read, and the variable's is not even looked at.
    let given = given.variable("CASEMATE_CONFIG", "/nowhere/at/all.toml");
    assert_eq!(value(&given.load()?, "log"), Some("\"info\"".to_owned()));
    assert_eq!(Given::new()?.variable("CASEMATE_CONFIG", "/nowhere/at/all.toml").refused(), "config-file");
    Ok(())
}

#[test]
fn what_no_setting_has_is_refused() -> Tested {
    for text in [
        "dta = \"x\"",
        "key = \"hunter2\"",
        "[keys]\nkey = \"hunter2\"",
        "[keys]\nfile.inner = 1",
        "[database]\npassword = \"hunter2\"",
        "[Keys]\nfile = \"x\"",
        "[keys.more]\n",
        "\"keys.file\" = { a = 1 }",
    ] {
        let refused = Given::new()?.file(text)?.load();
        let error = refused.err().ok_or(text)?;
        let expected =
            if text.contains("inner") || text.contains("{ a") { "config-value" } else { "config-unknown-key" };
        assert_eq!(error.code(), expected, "{text}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    for name in ["CASEMATE_DAT", "CASEMATE_KEYS_FILE", "CASEMATE_KEYS__KEY", "CASEMATE_", "CASEMATE_data"] {
        assert_eq!(Given::new()?.variable(name, "hunter2").refused(), "config-unknown-variable", "{name}");
    }
    for name in ["CASEMATE_VERIFIER_KEY", "CASEMATES", "XCASEMATE_A", "HOME"] {
        assert_eq!(Given::new()?.variable(name, "x").refused(), "fine", "{name}");
    }
    Ok(())
}

#[test]
fn a_value_of_the_wrong_form_is_refused_without_being_told() -> Tested {
    for (key, wrongs) in [
        ("data", ["1", "[]", "\"\""].as_slice()),
        ("zones", &["1", "[\"a\", \"b\"]", "[\"a\", \"b\", 3]", "[\"a\", \"b\", \"\"]", "\"a,b,c,d\"", "true"]),
        ("postgres", &["2026-01-01", "[\"a\"]"]),
        ("log", &["7", "\"casemate=hunter2=x\""]),
        ("keys.file", &["\"\"", "false"]),
        ("hosts.lease-seconds", &["0", "-1", "86401", "1.5", "\"60\"", "99999999999"]),
        ("checkpoints.every-seconds", &["0", "-1", "86401", "1.5", "\"60\"", "99999999999"]),
        ("packs.trusted-keys-file", &["[\"hunter2\"]"]),
    ] {
        for wrong in wrongs {
            let refused = Given::new()?.file(format!("{key} = {wrong}"))?.load();
            let error = refused.err().ok_or_else(|| format!("{key} = {wrong}"))?;
            assert_eq!(error.code(), "config-value", "{key} = {wrong}");
            assert!(error.to_string().contains(key) && !error.to_string().contains("hunter2"), "{error}");
        }
    }
    for (name, wrong) in [
        ("CASEMATE_DATA", ""),
        ("CASEMATE_ZONES", "a,b"),
        ("CASEMATE_ZONES", "a,,c"),
        ("CASEMATE_CHECKPOINTS__EVERY_SECONDS", "soon"),
        ("CASEMATE_CHECKPOINTS__EVERY_SECONDS", ""),
    ] {
        assert_eq!(Given::new()?.variable(name, wrong).refused(), "config-value", "{name}={wrong}");
    }
    Ok(())
}

#[test]
fn a_file_that_is_no_configuration_is_refused() -> Tested {
    let padded = |bytes: usize| format!("log = \"info\"\n#{}\n", "x".repeat(bytes - 15));
    assert_eq!(Given::new()?.file(padded(65_536))?.refused(), "fine");
    assert_eq!(Given::new()?.file(padded(65_537))?.refused(), "config-too-large");
    assert_eq!(Given::new()?.file([b'#', 0xff])?.refused(), "config-syntax");
    let error = Given::new()?.file("log = \"info\"\nkey = hunter2\n")?.load().err().ok_or("no TOML")?;
    assert_eq!(error.code(), "config-syntax");
    assert!(error.to_string().contains("line 2") && !error.to_string().contains("hunter2"), "{error}");
    Ok(())
}

/// What is printed can be used as a file, and means the same.
#[test]
fn values_are_read_again() -> Tested {
    let mut given = Given::new()?;
    for (setting, (_, [_, in_variable, _])) in SETTINGS.iter().zip(SAMPLES) {
        given = given.variable(setting.variable, in_variable);
    }
    let odd = "/srv/a \"quoted\" \\ path\twith\u{7f}é";
    let loaded = given.flag("keys.file", odd).load()?;
    let lines = loaded.config.values().into_iter().filter_map(|(key, value)| Some(format!("{key} = {}\n", value?)));
    let again = Given::new()?.file(lines.collect::<String>())?.load()?;
    assert_eq!(format!("{:?}", again.config), format!("{:?}", loaded.config));
    assert_eq!(again.config.key(), Path::new(odd));
    Ok(())
}

fn page() -> String {
    let mut page = String::from(concat!(
        "# Configuration\n\n",
        "Made from the comments of `host/server/src/config.rs` by a test; don't edit it here.\n\n",
        "A setting has its value from the command line, else from the environment, else from the file, else its\n",
        "default. The file is TOML, named by `--config` or `CASEMATE_CONFIG`, or else `config.toml` in the data directory\n",
        "if it is there; it has 65536 bytes at most, and relative paths in it are relative to its folder. A key or a\n",
        "variable beginning with `CASEMATE_` that no setting has is an error. No secret stands in it: secrets are in files,\n",
        "which it names.\n\n",
        "    casemate config check              # each value, where it comes from, and what is wrong with it\n",
        "    casemate config print              # all of it, as a file that can be used\n",
        "    casemate config print --redacted   # the same without directories, to be shown to others\n\n",
        "`CASEMATE_VERIFIER_KEY` is no setting of the host: it is the key with which `casemate audit verify` verifies.\n",
    ));
    for Setting { key, variable, flag, default, manual } in SETTINGS {
        let flag = flag.map_or_else(|| "none".to_owned(), |flag| format!("`{flag}`"));
        let manual = manual.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
        let _written = write!(
            page,
            "\n## `{key}`\n\n{manual}\n\n| flag | variable | default |\n| --- | --- | --- |\n\
             | {flag} | `{variable}` | {default} |\n"
        );
    }
    page
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the usual way to tell a golden test to write its file")]
fn the_page_is_current() -> Tested {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, page())?;
    }
    assert!(fs::read_to_string(path)? == page(), "docs/config.md is not current; UPDATE_GOLDEN=1 writes it anew");
    Ok(())
}

#[test]
fn variables_follow_from_keys() {
    // The oldest have no table, and so no rule to follow but the same one.
    let made = |key: &str| format!("CASEMATE_{}", key.to_uppercase().replace('.', "__").replace('-', "_"));
    let unlike: BTreeMap<_, _> =
        SETTINGS.iter().filter(|setting| made(setting.key) != setting.variable).map(|s| (s.key, s.variable)).collect();
    assert!(unlike.is_empty(), "{unlike:?}");
}
