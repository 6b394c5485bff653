//! What a compiler process can't do: use more time and memory than it may, open files, talk to anybody, start anything,
//! or make memory executable. A system call that is not on the list ends it. It doesn't know what it compiles.

use std::io;
use std::thread;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, set_parent_process_death_signal, setrlimit,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Threads of one compilation at most.
const THREADS: usize = 4;

/// Sets the limits that the kernel keeps, and starts the threads that the compiler will use.
pub(super) fn limit(seconds: u64, memory: u64) -> io::Result<()> {
    close_what_was_inherited()?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let threads = thread::available_parallelism().map_or(1, Into::into).min(THREADS);
    let at_most = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    // The clock on the wall is the parent's to watch; this one holds when nobody watches.
    setrlimit(Resource::Cpu, at_most(seconds.saturating_mul(threads as u64)))?;
    setrlimit(Resource::As, at_most(memory))?;
    setrlimit(Resource::Core, at_most(0))?;
    setrlimit(Resource::Fsize, at_most(0))?;
    setrlimit(Resource::Nofile, at_most(16))?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(io::Error::other)
}

/// Files that somebody up the line left open for every descendant are none of the compiler's.
fn close_what_was_inherited() -> io::Result<()> {
    // SAFETY: this is the first thing that the process does: no part of it owns a file beyond the three pipes.
    #[expect(unsafe_code, reason = "no safe interface closes a range of files")]
    let closed = unsafe { libc::close_range(3, u32::MAX, 0) };
    if closed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Closes the door, for every thread. There is no way back.
pub(super) fn close() -> io::Result<()> {
    // The kernel obeys the strictest of all filters: a call that is refused here stays refused.
    for filter in [refused(), allowed()] {
        let program = filter.map_err(io::Error::other)?;
        seccompiler::apply_filter_all_threads(&program).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Pipes that are open, memory that isn't executable, waiting for own threads, dying.
const ALLOWED: [i64; 29] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_sigaltstack,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_membarrier,
    libc::SYS_fstat,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    OPEN,
];

/// The C library asks once how the machine overcommits memory, and can do without an answer. No file is ever opened.
const OPEN: i64 = libc::SYS_openat;

/// Calls that fail and don't end the process.
fn refused() -> Result<BpfProgram, seccompiler::Error> {
    program(vec![(OPEN, Vec::new())], SeccompAction::Allow, SeccompAction::Errno(libc::EACCES as u32))
}

/// Calls that are made; every other one ends the process.
fn allowed() -> Result<BpfProgram, seccompiler::Error> {
    let not_executable =
        SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0)?;
    // A process that dies of its own may say so to itself, and to nobody else.
    let own = u64::from(std::process::id());
    let itself = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
    let mut rules: Vec<(i64, Vec<SeccompRule>)> = ALLOWED.into_iter().map(|call| (call, Vec::new())).collect();
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.push((call, vec![SeccompRule::new(vec![not_executable.clone()])?]));
    }
    rules.push((libc::SYS_tgkill, vec![SeccompRule::new(vec![itself])?]));
    program(rules, SeccompAction::KillProcess, SeccompAction::Allow)
}

fn program(
    rules: Vec<(i64, Vec<SeccompRule>)>,
    otherwise: SeccompAction,
    listed: SeccompAction,
) -> Result<BpfProgram, seccompiler::Error> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules.into_iter().collect(), otherwise, listed, architecture)?;
    Ok(filter.try_into()?)
}
