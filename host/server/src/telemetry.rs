//! The host's own log: to standard error, in words or as JSON lines. Arguments and replies of calls never go there. It
//! doesn't know what is logged.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Starts the log. `filter` is a directive of `tracing`, such as `info` or `casemate_server=debug`.
pub fn start(filter: Option<&str>, json: bool) {
    let filter =
        EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).parse_lossy(filter.unwrap_or_default());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // Colours are for a terminal; whoever set NO_COLOR wants none there either.
    let log = log.with_ansi(anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never);
    // A second start, as tests make it, keeps the first.
    let _started = if json { log.json().try_init() } else { log.try_init() };
}
