//! Imports an interface that no host has, beside one that is granted: for tests of admission, which must refuse it
//! and name `stranger:thing/oracle@1.0.0`.

use casemate::{Refusal, log};

mod foreign {
    //! The generated side of the foreign interface.

    wit_bindgen::generate!({
        inline: "
            package stranger:thing@1.0.0;

            interface oracle {
                ask: func(question: string) -> string;
            }

            world visitor {
                import oracle;
            }
        ",
    });
}

#[casemate::agent]
fn run(question: String) -> Result<String, Refusal> {
    let answer = foreign::stranger::thing::oracle::ask(&question);
    log::info(&answer)?;
    Ok(answer)
}
