//! The program `casemate`: hands the command line to the library and its exit status to the system; started as a
//! compiler process, it is one. It doesn't know any command.

use std::process::ExitCode;

fn main() -> ExitCode {
    casemate_server::sandbox::compiler_process().unwrap_or_else(casemate_server::cli::main)
}
