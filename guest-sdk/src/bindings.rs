//! The generated side of the WIT world `casemate:agent/agent`: one `generate!`, nothing by hand. Refusals and SQL
//! values are this crate's own types, so that nothing is converted between the generated and the public side.
#![expect(clippy::disallowed_methods, reason = "generated code hands ownership across the canonical ABI")]

wit_bindgen::generate!({
    path: "../abi/wit",
    world: "agent",
    pub_export_macro: true,
    export_macro_name: "export_agent",
    runtime_path: "::wit_bindgen::rt",
    with: {
        "casemate:agent/types@0.1.0/refusal": crate::Refusal,
        "casemate:agent/sql@0.1.0/value": crate::sql::Value,
        "casemate:agent/sql@0.1.0/element": crate::sql::Element,
    },
});
