//! `casemate demo`: the main job as a person would type it. Each step is a command of this same program, printed before
//! it is run, so that everything that is shown can be repeated by hand. It doesn't know more than its user does.

mod script;
mod step;

use std::fs;
use std::path::PathBuf;

use super::exit::Exit;
use super::{CliError, Global, output};
use step::Stage;

/// Show it all.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// Directory with the components of the example and of the abuse guests
    #[arg(long, value_name = "DIR", default_value = "target/guests/components")]
    components: PathBuf,
    /// Directory of the example, with its seed, policy and input
    #[arg(long, value_name = "DIR", default_value = "examples/assessor")]
    example: PathBuf,
    /// Keep what an earlier demo left, instead of beginning anew
    #[arg(long)]
    keep: bool,
}

impl Demo {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let data = global.config()?.data;
        if !self.keep && data.exists() {
            step::stop_left_over(global)?;
            fs::remove_dir_all(&data).map_err(|error| {
                CliError::new("data-file", format!("remove {} by hand", data.display())).because(&error)
            })?;
        }
        let stage = Stage::new(data, self.components, self.example, global.format)?;
        script::play(&stage).await?;
        output::error_line(&output::good("That was all of it; README.md says where to go on."));
        Ok(Exit::Done)
    }
}
