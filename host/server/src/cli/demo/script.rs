//! The story that the demo tells. It doesn't know how its steps are run.

use super::super::{CliError, Exit};
use super::step::Stage;

/// After how many crossings the third run is killed: in the middle of its writes.
const KILL_AFTER: usize = 6;

pub(super) async fn play(stage: &Stage) -> Result<(), CliError> {
    stage.title("1. Two tenants, and a table of assessments with notes about invented people");
    stage.run(&["tenant", "add", "acme"], Exit::Done).await?;
    stage.run(&["tenant", "add", "globex"], Exit::Done).await?;
    stage.run(&["db", "apply", &stage.example("seed.sql")], Exit::Done).await?;

    stage.title("2. One agent works for both at once; every call crosses all gates");
    let (agent, policy, input) =
        (stage.component("assessor"), stage.example("policy.toml"), stage.example("input.json"));
    let run = ["run", &agent, "--policy", &policy, "--input", &input];
    let both = [&run[..], &["--tenant", "acme", "--tenant", "globex"]].concat();
    stage.run(&both, Exit::Done).await?;

    stage.title("3. The audit log is verified without the host: three zones, no database, a public key");
    let key = stage.read(&["audit", "key"]).await?;
    stage.run(&["audit", "verify", "--key", &key], Exit::Done).await?;

    stage.title("4. A run is killed in the middle (SIGKILL) and goes on from its journal");
    stage.run(&["db", "apply", &stage.example("reopen.sql")], Exit::Done).await?;
    let one = [&run[..], &["--tenant", "acme"]].concat();
    let killed = stage.kill(&one, KILL_AFTER).await?;
    stage.say(&format!("killed after {} crossings; the run has its journal", killed.crossings));
    stage.run(&["resume", &killed.run, "--tenant", "acme"], Exit::Done).await?;
    stage.run(&["audit", "verify", "--key", &key], Exit::Done).await?;

    stage.title("5. A tool that was not granted");
    refused(stage, "probe", "kv.json", r#"[{"do":"kv-get","key":"secrets/root"}]"#, Exit::Done).await?;

    stage.title("6. Another tenant's rows: none, and no error that would tell of them");
    let other = r#"[{"do":"sql-query","statement":"select count(*) as mine, count(*) filter (where tenant_id <> app.tenant()) as of_others from public.assessments","parameters":[]}]"#;
    refused(stage, "probe", "rows.json", other, Exit::Done).await?;

    stage.title("7. A guest that burns more fuel than it may");
    refused(stage, "looper", "null.json", "null", Exit::NoResult).await?;

    stage.title("8. A guest that takes more memory than it may");
    refused(stage, "hog", "hog.json", r#"{"abort":true}"#, Exit::NoResult).await?;
    stage.run(&["audit", "verify", "--key", &key], Exit::Done).await
}

async fn refused(stage: &Stage, guest: &str, name: &str, input: &str, expected: Exit) -> Result<(), CliError> {
    let input = stage.write(name, input)?;
    let (component, policy) = (stage.component(guest), stage.example("probe-policy.toml"));
    stage.run(&["run", &component, "--policy", &policy, "--input", &input, "--tenant", "globex"], expected).await
}
