//! `wasi:sockets`: everything is denied. No socket is ever made, so the functions of one can't be reached; they are
//! defined because what other tool chains make imports them whether it uses them or not. It doesn't know any network.

use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Resource, ResourceType};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily};

use super::call::{Held, define, define_resource};
use super::{Guest, breach, name};

/// The network, which leads nowhere.
struct Network;

impl Held for Network {}

/// What a guest never holds.
enum Stream {}
enum Socket {}
enum Datagrams {}
enum OutgoingDatagrams {}
enum Addresses {}

const TCP: [&str; 28] = [
    "start-bind",
    "finish-bind",
    "start-connect",
    "finish-connect",
    "start-listen",
    "finish-listen",
    "accept",
    "local-address",
    "remote-address",
    "is-listening",
    "address-family",
    "set-listen-backlog-size",
    "keep-alive-enabled",
    "set-keep-alive-enabled",
    "keep-alive-idle-time",
    "set-keep-alive-idle-time",
    "keep-alive-interval",
    "set-keep-alive-interval",
    "keep-alive-count",
    "set-keep-alive-count",
    "hop-limit",
    "set-hop-limit",
    "receive-buffer-size",
    "set-receive-buffer-size",
    "send-buffer-size",
    "set-send-buffer-size",
    "subscribe",
    "shutdown",
];

const UDP: [&str; 13] = [
    "start-bind",
    "finish-bind",
    "stream",
    "local-address",
    "remote-address",
    "address-family",
    "unicast-hop-limit",
    "set-unicast-hop-limit",
    "receive-buffer-size",
    "set-receive-buffer-size",
    "send-buffer-size",
    "set-send-buffer-size",
    "subscribe",
];

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    define_resource::<Network>(&mut linker.instance(&name("sockets/network"))?, "network")?;
    define(&mut linker.instance(&name("sockets/instance-network"))?, "instance-network", |host, (): ()| {
        Ok((host.hold(Network)?,)) as wasmtime::Result<(Resource<Network>,)>
    })?;

    let mut tcp = linker.instance(&name("sockets/tcp"))?;
    unheld::<Stream>(&mut tcp, "tcp-socket", &TCP)?;
    denied::<(IpAddressFamily,), Stream>(
        &mut linker.instance(&name("sockets/tcp-create-socket"))?,
        "create-tcp-socket",
    )?;

    let mut udp = linker.instance(&name("sockets/udp"))?;
    unheld::<Socket>(&mut udp, "udp-socket", &UDP)?;
    unheld::<Datagrams>(&mut udp, "incoming-datagram-stream", &["receive", "subscribe"])?;
    unheld::<OutgoingDatagrams>(&mut udp, "outgoing-datagram-stream", &["check-send", "send", "subscribe"])?;
    denied::<(IpAddressFamily,), Socket>(
        &mut linker.instance(&name("sockets/udp-create-socket"))?,
        "create-udp-socket",
    )?;

    let mut lookup = linker.instance(&name("sockets/ip-name-lookup"))?;
    unheld::<Addresses>(&mut lookup, "resolve-address-stream", &["resolve-next-address", "subscribe"])?;
    denied::<(Resource<Network>, String), Addresses>(&mut lookup, "resolve-addresses")
}

/// Defines a resource that nobody has, and its methods.
fn unheld<T: 'static>(
    interface: &mut LinkerInstance<'_, Guest>,
    resource: &str,
    methods: &[&str],
) -> wasmtime::Result<()> {
    interface.resource(resource, ResourceType::host::<T>(), |_, _| Ok(()))?;
    for method in methods {
        interface.func_new(&format!("[method]{resource}.{method}"), |_, _, _, _| breach("no socket was ever made"))?;
    }
    Ok(())
}

/// Defines a function that would make something, and is refused.
fn denied<P, T>(interface: &mut LinkerInstance<'_, Guest>, function: &str) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + 'static,
    T: 'static,
{
    define(interface, function, |_, _: P| Ok((Result::<Resource<T>, _>::Err(ErrorCode::AccessDenied),)))
}
