//! The guest's imports: translation between the bindings' types and the crossing's, and the fuel that a call's bytes
//! cost. No decision is made here. It doesn't know what the tools do.

mod sql;

use std::future::Future;

use casemate_bindings::casemate::agent::{log, types};
use casemate_gate::Refusal;
use casemate_gate::call::{Level, Reply, Request};
use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Lower};
use wasmtime::{Engine, StoreContextMut};

use super::fault;
use super::guest::{Guest, Unwind};
use super::wasi;
use crate::crossing::Way;

/// Fuel that every call costs, and each byte of its arguments and its reply: a function of byte counts only, so that
/// a replay burns the same.
pub(super) const CALL_FUEL: u64 = 1_000;
pub(super) const BYTE_FUEL: u64 = 1;

type Answer<T> = Result<T, types::Refusal>;

pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    linker.instance("casemate:agent/types@0.1.0")?;

    sql::link(&mut linker)?;

    let mut kv = linker.instance("casemate:agent/kv@0.1.0")?;
    import(
        &mut kv,
        "get",
        |(key,): (String,)| Request::KvGet { key },
        |reply| {
            if let Reply::Bytes(value) = reply { Some(value) } else { None }
        },
    )?;
    import(&mut kv, "set", |(key, value): (String, Vec<u8>)| Request::KvSet { key, value }, unit)?;
    import(
        &mut kv,
        "delete",
        |(key,): (String,)| Request::KvDelete { key },
        |reply| {
            if let Reply::Existed(existed) = reply { Some(existed) } else { None }
        },
    )?;
    import(
        &mut kv,
        "add",
        |(key, delta): (String, i64)| Request::KvAdd { key, delta },
        |reply| {
            if let Reply::Counter(counter) = reply { Some(counter) } else { None }
        },
    )?;

    let mut log = linker.instance("casemate:agent/log@0.1.0")?;
    import(
        &mut log,
        "emit",
        |(level, message): (log::Level, String)| Request::LogEmit { level: level_in(level), message },
        unit,
    )?;

    let mut clock = linker.instance("casemate:agent/clock@0.1.0")?;
    import(
        &mut clock,
        "now",
        |(): ()| Request::ClockNow,
        |reply| {
            if let Reply::Time(time) = reply { Some(time) } else { None }
        },
    )?;
    import(&mut clock, "sleep", |(milliseconds,): (u64,)| Request::ClockSleep { milliseconds }, unit)?;

    let mut random = linker.instance("casemate:agent/random@0.1.0")?;
    import(
        &mut random,
        "bytes",
        |(length,): (u32,)| Request::RandomBytes { length },
        |reply| {
            if let Reply::Random(bytes) = reply { Some(bytes) } else { None }
        },
    )?;

    fault::link(&mut linker)?;
    wasi::link(&mut linker)?;
    Ok(linker)
}

fn unit(reply: Reply) -> Option<()> {
    if matches!(reply, Reply::Unit) { Some(()) } else { None }
}

/// Defines one function of an interface.
fn import<P, T>(
    interface: &mut LinkerInstance<'_, Guest>,
    name: &str,
    request: impl Fn(P) -> Request + Send + Sync + Copy + 'static,
    reply: impl Fn(Reply) -> Option<T> + Send + Sync + Copy + 'static,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + Send + 'static,
    T: Send + 'static,
    (Answer<T>,): ComponentNamedList + Lower + 'static,
{
    interface.func_wrap_async(name, move |store, arguments: P| {
        let request = request(arguments);
        Box::new(async move {
            cross(store, request).await.map(|answer| (answer.and_then(|answered| typed(answered, reply)),))
        }) as Box<dyn Future<Output = wasmtime::Result<(Answer<T>,)>> + Send + '_>
    })
}

/// A tool answered in another shape than its operation has: a fault of the host, told as such.
fn typed<T>(answered: Reply, reply: impl Fn(Reply) -> Option<T>) -> Answer<T> {
    reply(answered).ok_or_else(|| {
        refusal_out(&Refusal::new(casemate_abi::Code::AuditUnavailable, "the tool's answer has another shape"))
    })
}

/// Takes a request across. An error means that the run ends here.
pub(super) async fn cross(mut store: StoreContextMut<'_, Guest>, request: Request) -> wasmtime::Result<Answer<Reply>> {
    charge(&mut store, CALL_FUEL.saturating_add(BYTE_FUEL.saturating_mul(request.size() as u64)))?;
    let fuel_used = store.data().fuel_used(store.get_fuel()?);
    let turn = store.data().turn.clone();
    let way = turn.around(store.data_mut().passage.cross(request, fuel_used)).await;
    match way {
        Way::Answer(Ok(reply)) => {
            charge(&mut store, BYTE_FUEL.saturating_mul(reply.size() as u64))?;
            Ok(Ok(reply))
        }
        Way::Answer(Err(refusal)) => Ok(Err(refusal_out(&refusal))),
        end @ (Way::Park { .. } | Way::Stop(_)) => {
            store.data_mut().ended = Some(end);
            Err(wasmtime::Error::new(Unwind))
        }
    }
}

/// Fuel below zero stays zero: the guest's next instruction traps.
pub(super) fn charge(store: &mut StoreContextMut<'_, Guest>, fuel: u64) -> wasmtime::Result<()> {
    let left = store.get_fuel()?;
    store.set_fuel(left.saturating_sub(fuel))
}

fn refusal_out(refusal: &Refusal) -> types::Refusal {
    types::Refusal {
        code: refusal.code() as u16,
        name: refusal.code().name().to_owned(),
        message: refusal.message().to_owned(),
        remedy: refusal.code().remedy().to_owned(),
    }
}

const fn level_in(level: log::Level) -> Level {
    match level {
        log::Level::Debug => Level::Debug,
        log::Level::Info => Level::Info,
        log::Level::Warn => Level::Warn,
        log::Level::Error => Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use casemate_abi::Code;
    use casemate_gate::Refusal;

    use super::refusal_out;

    #[test]
    fn a_guest_is_told_the_catalogues_words_and_the_message_and_never_the_cause() {
        for code in Code::ALL {
            let refusal = Refusal::new(*code, "no").with_cause("store-unreachable", "10.0.0.7:5432 at /srv/secret");
            let told = refusal_out(&refusal);
            assert_eq!((told.code, told.name.as_str()), (*code as u16, code.name()));
            assert_eq!((told.message.as_str(), told.remedy.as_str()), ("no", code.remedy()));
        }
    }
}
