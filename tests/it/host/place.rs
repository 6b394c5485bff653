//! Where things are: the program, the guests, the example, room for a test's files. It doesn't know what they do.

use std::error::Error;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Tested;

/// How often something is looked at that is waited for.
const POLL: Duration = Duration::from_millis(5);

/// The directory of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The program under test. Cargo puts the test's executable into `deps` beside it.
pub(crate) fn program() -> Tested<PathBuf> {
    let test = std::env::current_exe()?;
    let built = test.ancestors().nth(2).map(|directory| directory.join("casemate"));
    built
        .filter(|path| path.is_file())
        .ok_or_else(|| "build the program first, with `cargo build --workspace`: there is no `casemate`".into())
}

/// The component of a guest.
pub(crate) fn component(guest: &str) -> Tested<String> {
    let path = workspace().join("target/guests/components").join(format!("{guest}.wasm"));
    if path.is_file() {
        Ok(path.display().to_string())
    } else {
        Err(format!("build the guests first, with `cargo xtask guests`: there is no {}", path.display()).into())
    }
}

/// The bytes of a guest's component.
pub(crate) fn guest(name: &str) -> Tested<Vec<u8>> {
    Ok(std::fs::read(component(name)?)?)
}

/// A file of the example.
pub(crate) fn example(file: &str) -> String {
    workspace().join("examples/assessor").join(file).display().to_string()
}

/// A directory that ends with the value. Others may pass through it, so that Postgres, which runs as another user
/// under root, reaches its data.
pub(crate) fn fresh_directory() -> Tested<TempDir> {
    let made = tempfile::Builder::new()
        .prefix("it-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"));
    Ok(made?)
}

/// Looks again and again until there is something, for a bounded time.
pub(crate) fn until<T>(limit: Duration, mut look: impl FnMut() -> Tested<Option<T>>) -> Tested<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(Box::<dyn Error>::from(format!("it did not happen within {limit:?}")));
        }
        thread::sleep(POLL);
    }
}
