//! `cargo xtask`: the project's chores. `demo` and `test` do all set-up that a fresh machine needs, then their work.
//! It knows how the programs are built and started, and nothing of what they do.

mod arguments;
mod bench;
mod cargo;
mod demo;
mod environment;
mod error;
mod fuzz;
mod guests;
mod peers;
mod pgbouncer;
mod postgres;
mod python;
mod queues;
mod setup;
mod soak;
mod steps;
mod test;
mod venv;
mod workspace;

use std::env;
use std::process::ExitCode;

use arguments::Chore;
use error::Error;
use workspace::Workspace;

/// Exit status of a command line that means nothing, as shells and clap have it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let chore = match arguments::parse(env::args_os().skip(1)) {
        Ok(chore) => chore,
        Err(message) => {
            eprintln!("error: {message}\n\n{}", arguments::HELP);
            return ExitCode::from(USAGE);
        }
    };
    match run(chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<(), Error> {
    if matches!(chore, Chore::Help) {
        println!("{}", arguments::HELP);
        return Ok(());
    }
    let workspace = Workspace::find()?;
    match chore {
        Chore::Demo(arguments) => demo::run(&workspace, arguments),
        Chore::Test => test::run(&workspace),
        Chore::Bench(arguments) => bench::run(&workspace, arguments),
        Chore::Fuzz(arguments) => fuzz::run(&workspace, &arguments),
        Chore::Soak(arguments) => soak::run(&workspace, &arguments),
        Chore::Guests | Chore::Help => setup::guests(&workspace),
    }
}
