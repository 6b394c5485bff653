//! The host's configuration: one struct, whose fields' comments are their manual. Command line, environment and file
//! fill it, in this order, and what none of them names has a default. It doesn't know the command line itself, and no
//! secret is in it: secrets are in files, which it names.

mod error;
mod file;
mod paths;
mod setting;
mod sources;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use error::ConfigError;
pub use setting::{Setting, Source};
pub use sources::{Flags, Loaded};
pub use value::{Filter, Interval, Name, Place as Listener, Port, Tls, Written};

use setting::Place;
use value::Value as _;

/// This program, whatever became of its file.
const COMPILER: &str = "/proc/self/exe";

/// Makes the struct, and the table of what can be set from the same lines. A line: the field and its type; its key in
/// the file, its variable, its flag; its default in words and as a value.
macro_rules! settings {
    ($($(#[doc = $manual:literal])+ $field:ident: $type:ty = $key:literal, $variable:literal, $flag:expr, $words:literal,
        $default:expr;)+) => {
        /// How this host is set up.
        #[derive(Debug, Clone)]
        pub struct Config {
            $($(#[doc = $manual])+ pub $field: $type,)+
            /// The program that is started to compile a component: `casemate` itself, which the kernel knows by this
            /// name even if its file was replaced since. Nobody sets it.
            pub compiler: PathBuf,
        }

        /// Everything that can be set, in the order of the manual.
        pub static SETTINGS: &[Setting] = &[$(Setting {
            key: $key,
            variable: $variable,
            flag: $flag,
            default: $words,
            manual: &[$($manual),+],
        }),+];

        impl Config {
            fn read(place: &Place<'_>) -> Result<Self, ConfigError> {
                Ok(Self {
                    $($field: match place.written($key) {
                        Some(found) => <$type>::read(found).map_err(|form| found.refuse(form))?,
                        None => { let default: fn(&Place<'_>) -> $type = $default; default(place) }
                    },)+
                    compiler: COMPILER.into(),
                })
            }

            /// Each setting with its value as the file would have it; none for one that isn't set.
            #[must_use]
            pub fn values(&self) -> Vec<(&'static str, Option<String>)> {
                vec![$(($key, self.$field.toml())),+]
            }

            /// The same with other paths.
            #[must_use]
            pub fn with_paths(mut self, map: &mut dyn FnMut(&Path) -> PathBuf) -> Self {
                $(self.$field.map_paths(map);)+
                self
            }

            /// The defaults for a data directory.
            #[must_use]
            pub fn of_directory(data: &Path) -> Self {
                let place = Place { found: &BTreeMap::new(), data };
                Self {
                    $($field: { let default: fn(&Place<'_>) -> $type = $default; default(&place) },)+
                    compiler: COMPILER.into(),
                }
            }
        }
    };
}

settings! {
    /// Directory of the host's own state: tenants, components, the embedded Postgres. One process at a time uses it.
    data: PathBuf = "data", "CASEMATE_DATA", Some("--data"), "`casemate-data` in the working directory",
        |place| place.data.to_owned();

    /// The three zones of the ledger, in order: directories on devices of their own, where there are such.
    zones: [PathBuf; 3] = "zones", "CASEMATE_ZONES", Some("--zones"), "three directories in the data directory",
        |place| ["1", "2", "3"].map(|number| place.data.join("zones").join(number));

    /// Directory with the binaries of Postgres, where they are not found by themselves.
    postgres: Option<PathBuf> = "postgres", "CASEMATE_POSTGRES", Some("--postgres"), "found by themselves", |_| None;

    /// Name or address of a Postgres that the host doesn't start, or the directory of its socket, which begins with `/`.
    /// docs/postgres.md says what is done there once.
    database_host: Option<Listener> = "database.host", "CASEMATE_DATABASE__HOST", None, "the embedded Postgres",
        |_| None;

    /// Its port.
    database_port: Port = "database.port", "CASEMATE_DATABASE__PORT", None, "`5432`", |_| Port::POSTGRES;

    /// Name of the database there.
    database_name: Name = "database.name", "CASEMATE_DATABASE__NAME", None, "`casemate`", |_| Name::default();

    /// `verify-full`: connections over the network are encrypted, and the server's certificate is valid for the name in
    /// `database.host`. `disable`: they are not. There is nothing in between, and no TLS on a socket.
    database_tls: Option<Tls> = "database.tls", "CASEMATE_DATABASE__TLS", None,
        "`verify-full`, but for `localhost`, `127.0.0.0/8` and `::1`", |_| None;

    /// File of certificates (PEM) of the authorities that are believed for the server and the pooler, beside the public
    /// ones.
    database_root_certificate: Option<PathBuf> = "database.root-certificate", "CASEMATE_DATABASE__ROOT_CERTIFICATE",
        None, "the public ones alone", |_| None;

    /// Name, address or socket's directory of a pooler before that Postgres, for what the host does while agents run.
    /// Migrations go to `database.host`. A pooler that is not safe is refused at the start.
    database_pooler_host: Option<Listener> = "database.pooler-host", "CASEMATE_DATABASE__POOLER_HOST", None, "no pooler",
        |_| None;

    /// The pooler's port.
    database_pooler_port: Port = "database.pooler-port", "CASEMATE_DATABASE__POOLER_PORT", None, "`6432`",
        |_| Port::POOLER;

    /// File with the passwords of the database's logins (mode 600), which `casemate db bootstrap` writes. Hosts that
    /// share a server need the same file: `casemate hosts invite` hands it out.
    database_credentials: PathBuf = "database.credentials-file", "CASEMATE_DATABASE__CREDENTIALS_FILE", None,
        "`database.credentials` in the data directory", |place| place.data.join("database.credentials");

    /// What the host logs to standard error: a directive of `tracing`, such as `info` or `casemate_server=debug`.
    /// Arguments and replies of calls are never logged.
    log: Option<Filter> = "log", "CASEMATE_LOG", Some("--log"), "warnings and errors", |_| None;

    /// The host's key, in a file that only this user may read (mode 600 or 400). It is made at the first start if it is
    /// not there; hosts that share a Postgres need the same. A path of its own keeps it apart from backups of the data
    /// directory, or takes it from the service manager's credentials.
    key_file: PathBuf = "keys.file", "CASEMATE_KEYS__FILE", None, "`host.key` in the data directory",
        |place| place.data.join("host.key");

    /// Seconds between two checkpoints, which sign the logs while the host runs: from 1 to 86400. What was appended
    /// since the last one is not yet signed.
    checkpoints: Interval = "checkpoints.every-seconds", "CASEMATE_CHECKPOINTS__EVERY_SECONDS", None, "`300`",
        |_| Interval::DEFAULT;

    /// Seconds after which a host that isn't heard of has lost its runs to others on the same Postgres: from 1 to 86400, the
    /// same on all of them. A host that can't renew its lease stops its agents before.
    lease: Interval = "hosts.lease-seconds", "CASEMATE_HOSTS__LEASE_SECONDS", None, "`10`", |_| Interval::LEASE;

    /// File with the public keys that may sign policy packs, one a line as `casemate keys export-public` prints it,
    /// beside the host's own. Hosts that share a Postgres share it: `casemate policy trust` changes it for all.
    trusted_pack_keys: PathBuf = "packs.trusted-keys-file", "CASEMATE_PACKS__TRUSTED_KEYS_FILE", None,
        "`trusted-pack-keys` in the data directory", |place| place.data.join("trusted-pack-keys");
}

#[cfg(test)]
mod tests;
