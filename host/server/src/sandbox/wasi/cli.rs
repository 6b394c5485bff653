//! `wasi:cli` but for the standard streams: an empty environment, no terminal, and an exit that ends the run and nothing
//! else. It doesn't know what a run's end is called.

use wasmtime::component::{Linker, Resource};

use super::call::{Held, define, define_resource};
use super::{Guest, name};

/// A terminal. There is none.
enum Terminal {}

impl Held for Terminal {}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut environment = linker.instance(&name("cli/environment"))?;
    define(&mut environment, "get-environment", |_, (): ()| Ok((Vec::<(String, String)>::new(),)))?;
    define(&mut environment, "get-arguments", |_, (): ()| Ok((Vec::<String>::new(),)))?;
    define(&mut environment, "initial-cwd", |_, (): ()| Ok((None::<String>,)))?;

    let mut exit = linker.instance(&name("cli/exit"))?;
    define(&mut exit, "exit", |host, (status,): (Result<(), ()>,)| host.exit::<()>(u8::from(status.is_err())))?;
    define(&mut exit, "exit-with-code", |host, (status,): (u8,)| host.exit::<()>(status))?;

    for (interface, resource) in [("cli/terminal-input", "terminal-input"), ("cli/terminal-output", "terminal-output")]
    {
        define_resource::<Terminal>(&mut linker.instance(&name(interface))?, resource)?;
    }
    for (interface, function) in [
        ("cli/terminal-stdin", "get-terminal-stdin"),
        ("cli/terminal-stdout", "get-terminal-stdout"),
        ("cli/terminal-stderr", "get-terminal-stderr"),
    ] {
        define(&mut linker.instance(&name(interface))?, function, |_, (): ()| Ok((None::<Resource<Terminal>>,)))?;
    }
    Ok(())
}
