//! The parent's side of one compilation: starts the child, sends it the component, reads its answer, and ends it when
//! it takes too long. It believes the child nothing but the bytes of its answer, within their limit.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::worker::{self, Verdict};
use super::{Candidate, CompileError};

/// Bytes of code that any component may become, for each byte of functions too, and at most.
const CODE_BYTES: u64 = 64 << 20;
const CODE_BYTES_A_BYTE: u64 = 24;
const MOST_CODE_BYTES: u64 = 512 << 20;
/// Bytes kept of what the child says before it dies.
const WORDS: u64 = 4096;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Native code.
    Code(Vec<u8>),
    /// These imports are not granted.
    Imports(Vec<String>),
    /// It can't be compiled, and why.
    Malformed(String),
}

/// Has one component compiled.
pub(super) async fn ask(
    program: &Path,
    candidate: &Candidate,
    granted: &[&str],
    arguments: impl IntoIterator<Item = OsString>,
    (time, memory): (Duration, u64),
) -> Result<Answer, CompileError> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(CompileError::Machine)?;
    // Data is copied as it is; functions grow.
    let grown = CODE_BYTES_A_BYTE.saturating_mul(candidate.code_bytes());
    let most = CODE_BYTES.saturating_add(candidate.bytes().len() as u64).saturating_add(grown).min(MOST_CODE_BYTES);
    match tokio::time::timeout(time, exchange(&mut child, candidate.bytes(), granted, most)).await {
        Ok(exchanged) => {
            let (status, answer, words) = exchanged.map_err(CompileError::Machine)?;
            understand(status, answer, &words, most, memory, time)
        }
        Err(_) => {
            child.kill().await.map_err(CompileError::Machine)?;
            Err(out_of_time(time))
        }
    }
}

/// Sends and receives at the same time, so that neither side waits for the other for ever.
async fn exchange(
    child: &mut Child,
    component: &[u8],
    granted: &[&str],
    most: u64,
) -> io::Result<(ExitStatus, Vec<u8>, String)> {
    let (Some(mut to), Some(from), Some(says)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let send = async move {
        // A child that stopped reading has said why, or is dead: that is looked at afterwards.
        let _unread = to.write_all(&worker::head(granted)).await;
        let _unread = to.write_all(component).await;
    };
    let receive = async move {
        let mut answer = Vec::new();
        from.take(most.saturating_add(1)).read_to_end(&mut answer).await.map(|_| answer)
    };
    let listen = async move {
        let mut words = Vec::new();
        let _lost = says.take(WORDS).read_to_end(&mut words).await;
        String::from_utf8_lossy(&words).into_owned()
    };
    let ((), answer, words) = futures_util::future::join3(send, receive, listen).await;
    Ok((child.wait().await?, answer?, words))
}

fn understand(
    status: ExitStatus,
    answer: Vec<u8>,
    words: &str,
    most: u64,
    memory: u64,
    time: Duration,
) -> Result<Answer, CompileError> {
    let died = |why: String| CompileError::Died(io::Error::other(why));
    if answer.len() as u64 > most {
        return Err(CompileError::Limit { what: "code", allowed: format!("{most} bytes") });
    }
    if status.success() {
        return match worker::verdict(answer) {
            Some(Verdict::Code(code)) => Ok(Answer::Code(code)),
            Some(Verdict::Imports(names)) => Ok(Answer::Imports(names)),
            Some(Verdict::Malformed(why)) => Ok(Answer::Malformed(why)),
            None => Err(died("its answer makes no sense".to_owned())),
        };
    }
    match status.signal() {
        Some(signal) if signal == libc::SIGXCPU || signal == libc::SIGKILL => Err(out_of_time(time)),
        _ if words.contains("memory allocation") => {
            Err(CompileError::Limit { what: "memory", allowed: format!("{} MiB", memory >> 20) })
        }
        _ => Err(died(format!("{status}: {}", words.trim()))),
    }
}

fn out_of_time(time: Duration) -> CompileError {
    CompileError::Limit { what: "time", allowed: format!("{} s", time.as_secs()) }
}
