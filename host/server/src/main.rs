//! The program `casemate`: hands the command line to the library and its exit status to the system. It doesn't know
//! any command.

use std::process::ExitCode;

fn main() -> ExitCode {
    casemate_server::cli::main()
}
