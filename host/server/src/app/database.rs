//! The database that the configuration names: the embedded one, started and stopped with the host, or another that is
//! only connected to. It doesn't know what is kept in it.

use casemate_store::{Address, Cluster, ConnectInfo, Done, External, Listener, Superuser, provision};
use uuid::Uuid;

use super::AppError;
use super::lock::DataLock;
use crate::config::{self, Config, Tls};

/// The way to a server that the host doesn't start, if there is one. Hosts that share it have claims' keys of their own there.
pub(super) async fn outside(config: &Config, host: Uuid) -> Result<Option<ConnectInfo>, AppError> {
    let Some(external) = external(config) else { return Ok(None) };
    Ok(Some(casemate_store::open_external(&external, &host.simple().to_string()).await?))
}

/// Starts the embedded server.
pub(super) async fn embedded(config: &Config) -> Result<(Cluster, ConnectInfo), AppError> {
    let cluster = start(config).await?;
    let info = provision(&cluster).await?;
    Ok((cluster, info))
}

/// How another process reaches the database while a host is up, or where there need not be one: none where the embedded
/// server isn't up.
pub(super) async fn beside(config: &Config, name: &str) -> Result<Option<ConnectInfo>, AppError> {
    match external(config) {
        Some(external) => Ok(Some(casemate_store::open_external(&external, name).await?)),
        None if config.cluster().exists() => Ok(casemate_store::visit(&config.cluster(), name)?),
        None => Ok(None),
    }
}

/// Prepares the configured database with a superuser, and says what was done.
///
/// # Errors
/// `database-none` where the configuration names none; what the operator has to do.
pub async fn bootstrap(config: &Config, superuser: &Superuser) -> Result<Vec<Done>, AppError> {
    let external = external(config).ok_or(AppError::NoExternal)?;
    let _lock = DataLock::take(config)?;
    Ok(casemate_store::bootstrap_external(&external, superuser).await?)
}

fn external(config: &Config) -> Option<External> {
    let address = |place: &config::Listener, port: config::Port| Address {
        listener: match place {
            config::Listener::Host(host) => Listener::Tcp(host.clone()),
            config::Listener::Directory(directory) => Listener::Socket(directory.clone()),
        },
        port: port.number(),
        tls: config.database_tls.map(|tls| tls == Tls::VerifyFull),
        root_certificate: config.database_root_certificate.clone(),
    };
    Some(External {
        direct: address(config.database_host.as_ref()?, config.database_port),
        pooler: config.database_pooler_host.as_ref().map(|place| address(place, config.database_pooler_port)),
        database: config.database_name.as_str().to_owned(),
        credentials: config.database_credentials.clone(),
    })
}

/// Starting waits for a child process, so it is kept off the runtime's threads.
async fn start(config: &Config) -> Result<Cluster, AppError> {
    let (directory, binaries) = (config.cluster(), config.postgres.clone());
    let started = tokio::task::spawn_blocking(move || Cluster::start(&directory, binaries.as_deref()));
    Ok(started.await.map_err(|_| AppError::Interrupted)??)
}

pub(super) async fn stop(cluster: Cluster) -> Result<(), AppError> {
    Ok(tokio::task::spawn_blocking(move || cluster.stop()).await.map_err(|_| AppError::Interrupted)??)
}
