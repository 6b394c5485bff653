//! The server's life: adopted after a host's death, refused to a second host, stopped when asked.

use std::path::Path;
use std::time::Instant;

use super::world::{Outcome, World};
use crate::{Cluster, ClusterError};

pub(super) async fn second_host_is_refused(world: World) -> Outcome {
    let second = tokio::task::spawn_blocking(move || Cluster::start(&world.home, None)).await?;
    assert!(matches!(second, Err(ClusterError::Busy { .. })));
    Ok(())
}

/// Lets go of the cluster as a killed host does, adopts it, stops it, starts it again and leaves nothing behind.
pub(super) fn adoption(cluster: Cluster, home: &Path) -> Outcome {
    let (pid, socket) = (cluster.pid(), cluster.socket().to_owned());
    drop(cluster);
    let adopted = Cluster::start(home, None)?;
    assert_eq!(adopted.pid(), pid);
    adopted.stop()?;
    let started = Instant::now();
    let fresh = Cluster::start(home, None)?;
    println!("start of an initialised cluster: {:?}", started.elapsed());
    assert_ne!(fresh.pid(), pid);
    fresh.stop()?;
    assert!(!socket.exists());
    Ok(())
}
