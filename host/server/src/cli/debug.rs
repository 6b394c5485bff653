//! `casemate debug`: steps through a run call by call, from its evidence. The guest runs in the real sandbox and waits at
//! each call until it is told to go on; nothing that it does is real. It doesn't know how a run is repeated.

mod order;
mod session;

use std::path::PathBuf;

use futures_util::future;
use tokio::sync::mpsc;

use super::exit::Exit;
use super::replay::{How, room};
use super::{CliError, Format, Global, input, output, replay};
use crate::app::compiler_of_its_own;
use crate::dispatch::evidence::Evidence;
use crate::dispatch::replay::{Replayer, Verdict};
use session::{Left, Session};

/// Step through a run call by call.
#[derive(Debug, clap::Args)]
pub(super) struct Debug {
    /// A file that `casemate evidence` or `casemate run --record` wrote
    #[arg(long, value_name = "FILE")]
    evidence: PathBuf,
    /// Show each call up to this one, and ask nothing
    #[arg(long, value_name = "CALL")]
    to: Option<u64>,
    #[command(flatten)]
    how: How,
}

impl Debug {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let evidence = Evidence::read(&input::evidence(&self.evidence)?)?;
        let room = room()?;
        let compiler = compiler_of_its_own(room.path(), self.how.optimisation())?;
        let replayer = Replayer::new(compiler, &room.path().join("scratch"))?;
        let session = Session::new(global.format, &evidence, self.to);
        session.begin()?;
        let (steps, calls) = mpsc::channel(1);
        let repeated = Box::pin(replayer.replay(&evidence, Some(steps), self.how.limits()));
        let (repeated, left) = future::join(repeated, session.follow(calls)).await;
        if left == Left::Early {
            return Ok(Exit::Done);
        }
        let replayed = repeated?;
        match global.format {
            Format::Json => output::line(&replay::replay_line(&evidence, &replayed)?.to_string()),
            Format::Human => replay::in_words(&evidence, &replayed).iter().for_each(|line| output::line(line)),
        }
        Ok(if matches!(replayed.verdict, Verdict::Diverged(_)) { Exit::Otherwise } else { Exit::Done })
    }
}
