//! The child's side of one compilation: a program that reads a component and writes code, and can do nothing else once
//! it has read the first byte. Also the few bytes that parent and child say to each other. It doesn't know what is
//! done with the code.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use casemate_abi::limits;

use super::jail;
use crate::sandbox::anatomy::{Anatomy, AnatomyError};
use crate::sandbox::{Optimisation, engine};

/// First argument of a compiler process.
const NAME: &str = "compile-one-component";
/// Most bytes of the list of granted imports.
const HEAD_BYTES: u32 = 64 * 1024;

/// How the child answers.
pub(super) enum Verdict {
    Code(Vec<u8>),
    Imports(Vec<String>),
    Malformed(String),
}

const CODE: u8 = 0;
const IMPORTS: u8 = 1;
const MALFORMED: u8 = 2;

/// The command line of a child with these limits.
pub(super) fn arguments(time: Duration, memory: u64, optimisation: Optimisation) -> [OsString; 4] {
    [NAME.into(), time.as_secs().max(1).to_string().into(), memory.to_string().into(), optimisation.name().into()]
}

/// What is sent before the component.
pub(super) fn head(granted: &[&str]) -> Vec<u8> {
    let list = granted.join("\n");
    let length = u32::try_from(list.len()).unwrap_or(u32::MAX);
    [length.to_le_bytes().as_slice(), list.as_bytes()].concat()
}

/// Understands a child's answer.
pub(super) fn verdict(mut answer: Vec<u8>) -> Option<Verdict> {
    let kind = *answer.first()?;
    answer.remove(0);
    let text = |bytes| String::from_utf8(bytes).ok();
    match kind {
        CODE => Some(Verdict::Code(answer)),
        IMPORTS => text(answer).map(|names| Verdict::Imports(names.lines().map(str::to_owned).collect())),
        MALFORMED => text(answer).map(Verdict::Malformed),
        _ => None,
    }
}

/// Does the work of a compiler process if this is one. Called first thing in `main`, while there is one thread and
/// nothing is open.
#[must_use]
pub fn main() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != NAME {
        return None;
    }
    let mut number = || arguments.next()?.to_str()?.parse::<u64>().ok();
    let limits = (number(), number());
    let optimisation = arguments.next().and_then(|name| Optimisation::named(name.to_str()?));
    let done = match (limits, optimisation) {
        ((Some(seconds), Some(memory)), Some(optimisation)) => work(seconds, memory, optimisation),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _unread = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    })
}

fn work(seconds: u64, memory: u64, optimisation: Optimisation) -> io::Result<()> {
    jail::limit(seconds, memory)?;
    // Both need system calls that a compiler doesn't: threads are started, the processor is looked at.
    let compiler = engine::on_demand(optimisation).map_err(io::Error::other)?;
    jail::close()?;
    let mut input = io::stdin().lock();
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length).min(HEAD_BYTES);
    let mut granted = String::new();
    (&mut input).take(length.into()).read_to_string(&mut granted)?;
    let mut component = Vec::new();
    input.take(limits::COMPONENT_BYTES as u64 + 1).read_to_end(&mut component)?;
    let (kind, body) = match ungranted(&component, &granted) {
        Err(error) => (MALFORMED, error.to_string().into_bytes()),
        Ok(names) if !names.is_empty() => (IMPORTS, names.join("\n").into_bytes()),
        Ok(_) => match compiler.precompile_component(&component) {
            Ok(code) => (CODE, code),
            Err(error) => (MALFORMED, format!("{error:#}").into_bytes()),
        },
    };
    let mut output = io::stdout().lock();
    output.write_all(&[kind])?;
    output.write_all(&body)?;
    output.flush()
}

/// The imports that carry authority and are not in the list.
fn ungranted(component: &[u8], granted: &str) -> Result<Vec<String>, AnatomyError> {
    let imports = Anatomy::read(component)?.imports;
    Ok(imports.into_iter().filter(|import| !granted.lines().any(|name| name == import)).collect())
}
