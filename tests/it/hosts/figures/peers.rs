//! The same rates of queues that others made, on a Postgres like ours: one process of Node.js, effects committed one by one. They
//! have no journal, so an effect may happen again after a crash. It doesn't know how they do it.

use std::process::Command;

use serde_json::Value;

use super::parts::{ALONE, CROWD};
use super::spread::line;
use crate::external::Server;
use crate::host::{Tested, workspace};
use crate::said::{number, text};

pub(super) fn rates() -> Tested {
    let server = Server::start()?;
    let mut node = Command::new("node");
    node.current_dir(workspace().join("target/queues")).arg("queues.mjs").args([ALONE.to_string(), CROWD.to_string()]);
    let output = server.reached_by(&mut node, "postgres").output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    for told in String::from_utf8(output.stdout)?.lines() {
        let told: Value = serde_json::from_str(told)?;
        let decimal = |name| told.get(name).and_then(Value::as_f64).unwrap_or_default();
        let (calls, slots) = (number(&told, "/calls"), number(&told, "/at_once"));
        let what = format!("{}: {calls} effects, {slots} at once", text(&told, "/peer"));
        let (enqueued, rate) = (decimal("enqueued_per_second"), decimal("runs_per_second"));
        line(&what, format!("{rate:.0}/s, handed over {enqueued:.0}/s"));
        if slots == 1 {
            line(
                &format!("{what}: a run"),
                format!("p50 {:.2} ms, p99 {:.2} ms", decimal("p50_ms"), decimal("p99_ms")),
            );
        }
    }
    Ok(())
}
