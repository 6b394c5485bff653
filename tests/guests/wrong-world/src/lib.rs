//! A valid component without imports that is no agent: it exports `greet` and not `run`. For tests of admission.

#![expect(unsafe_code, reason = "wit-bindgen's export in the crate itself; agents have theirs from the SDK")]

mod bindings {
    //! The generated side of the other world.
    #![expect(clippy::disallowed_methods, reason = "generated code hands ownership across the canonical ABI")]

    wit_bindgen::generate!({
        inline: "
            package other:place@1.0.0;

            world greeter {
                export greet: func(name: string) -> string;
            }
        ",
    });
}

/// The component.
struct Greeter;

impl bindings::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}

bindings::export!(Greeter with_types_in bindings);
