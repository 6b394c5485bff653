//! wasmtime's bindings of the WIT package, and nothing else, so that the most expensive code to compile is seldom
//! rebuilt. It doesn't know what any call does.

wasmtime::component::bindgen!({
    path: "../../abi/wit",
    world: "agent",
    imports: { default: async | trappable },
    exports: { default: async },
});
