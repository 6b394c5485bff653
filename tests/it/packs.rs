//! Policy packs as an operator meets them: their life from the first file to the rollback, what is refused of them, and
//! the runs under them.

mod hostile;
mod life;
mod peers;
mod record;
mod runs;
mod under_way;

use std::fs;
use std::path::PathBuf;

use crate::host::{Host, Tested};
use crate::policy::Policy;

/// A decision test that holds for any policy of these tests.
const CASE: &str = r#"
[[case]]
name = "no agent writes what nobody granted"
as = "agent:nobody"
does = "kv.write"
on = "elsewhere/x"
expect = "deny"
"#;

/// Writes the sources of a pack beside the data directory. Its id is the policy's name, `test`.
pub(crate) fn written(host: &Host, name: &str, version: u64, policy: &Policy) -> Tested<PathBuf> {
    let directory = host.beside(name);
    fs::create_dir_all(directory.join("tests"))?;
    let head = format!("id = \"test\"\nversion = {version}\ntitle = \"For a test\"\nvalid-days = 30\n");
    fs::write(directory.join("pack.toml"), head)?;
    fs::write(directory.join("policy.toml"), policy.text())?;
    fs::write(directory.join("tests/deny.toml"), CASE)?;
    Ok(directory)
}

/// The same, signed by the host.
fn signed(host: &Host, name: &str, version: u64, policy: &Policy) -> Tested<String> {
    let directory = written(host, name, version, policy)?.display().to_string();
    host.ask(&["policy", "sign", &directory])?.expect(0)?;
    Ok(directory)
}

/// The same, and active for `acme`.
fn applied(host: &Host, name: &str, version: u64, policy: &Policy) -> Tested<String> {
    let directory = signed(host, name, version, policy)?;
    let said = host.ask(&["policy", "apply", &directory, "--tenant", "acme"])?;
    let line = said.expect(0)?.of_type("pack-active").next().ok_or("a line")?;
    let digest = line.pointer("/pack/digest").and_then(|digest| digest.as_str());
    Ok(digest.ok_or("a digest")?.to_owned())
}
