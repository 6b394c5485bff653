//! The server's settings, each with its reason. They are arguments of the server, not a file, so that what an
//! operator reads here is what runs. It doesn't know paths other than the socket's.

use std::path::Path;

/// Name, value; the reason stands above.
const SETTINGS: &[(&str, &str)] = &[
    // No network: who can't open the private directory of the socket can't even try a password.
    ("listen_addresses", ""),
    ("port", "5432"),
    ("unix_socket_permissions", "0700"),
    ("password_encryption", "scram-sha-256"),
    // A commit that was acknowledged survives a power cut; the output commit of a run rests on it.
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    // The host's pools (two of at most 16), as many that are being given up, migrations, an operator's psql.
    ("max_connections", "80"),
    // Modest: the page cache of the machine does the rest, and guests need the memory.
    ("shared_buffers", "64MB"),
    ("work_mem", "8MB"),
    // What one hostile statement can put on disk.
    ("temp_file_limit", "256MB"),
    ("max_wal_size", "512MB"),
    ("checkpoint_completion_target", "0.9"),
    // Compiling expressions pays off for long analytical queries only and costs the first short one 100 ms.
    ("jit", "off"),
    // app.tenant() is bound to one backend; parallel workers are others.
    ("max_parallel_workers_per_gather", "0"),
    // A server whose client is gone stops working for it soon: this is how a cancelled run frees it.
    ("client_connection_check_interval", "250ms"),
    ("lock_timeout", "15s"),
    ("wal_level", "replica"),
    ("max_wal_senders", "0"),
    // Statements and parameters carry tenants' data: only what went wrong is logged, never the text.
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_line_prefix", "%m [%p] "),
    ("log_min_error_statement", "panic"),
    ("log_min_messages", "warning"),
    ("log_error_verbosity", "terse"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
    ("cluster_name", "casemate"),
];

/// As arguments of `postgres`.
pub(super) fn arguments(socket: &Path) -> impl Iterator<Item = String> {
    let directory = format!("unix_socket_directories={}", socket.display());
    SETTINGS
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .chain([directory])
        .flat_map(|setting| ["-c".to_owned(), setting])
}
