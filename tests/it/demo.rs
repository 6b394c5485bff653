//! The demo's transcript is a golden file: `UPDATE_GOLDEN=1` writes it anew. What differs from time to time is taken
//! out by `demo/normal.rs`.

mod normal;

use std::path::Path;
use std::process::Command;

use crate::golden;
use crate::host::{Host, Tested, program};
use crate::said::Said;

#[test]
fn the_transcript_is_as_it_was() -> Tested {
    let host = Host::empty()?;
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(program()?);
    command.arg("demo").arg("--data").arg(host.data()).env_remove("CLICOLOR_FORCE");
    // The demo names the example's files as they are found from here.
    command.current_dir(directory.parent().ok_or("the package lies in the workspace")?);
    let said = Said::of(&mut command)?;
    said.expect(0)?;
    for tenant in ["acme", "globex"] {
        assert!(host.replays_identically(tenant)? > 0);
    }
    let shown = normal::transcript(&said.stdout, host.data())?;
    golden::assert("demo.txt", &shown)
}
