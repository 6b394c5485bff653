//! The generated side of the WIT world `casemate:agent/agent`: one `generate!`, nothing by hand. Refusals and SQL
//! values are this crate's own types, so that nothing is converted between the generated and the public side.
//! The lints don't look into code that an external macro writes, so this module needs no exception from them.

wit_bindgen::generate!({
    path: "../abi/wit",
    world: "agent",
    pub_export_macro: true,
    export_macro_name: "export_agent",
    runtime_path: "::wit_bindgen::rt",
    with: {
        "casemate:agent/types@0.1.0/refusal": crate::Refusal,
        "casemate:agent/sql@0.1.0/value": crate::sql::Value,
    },
});
