//! The table of attacks and verdicts, for people who want to know what happens without reading a hundred files. It holds
//! nothing that the guests' heads don't say; a guest without a line there fails here, and a line without a guest.

use super::bombs;
use super::script::{Guest, Verdict, all, folder};
use crate::host::Tested;

const HEAD: &str = "\
# Attacks and verdicts

What becomes of each hostile guest in this folder: refused before it runs, ended by a refusal, or harmless. The test
`abuse` runs them all and holds this table to them.

| guest | attack | verdict |
| --- | --- | --- |
";

fn line(guest: &Guest) -> String {
    let verdict = match &guest.verdict {
        Verdict::Admission(code) => format!("not admitted: `{code}`"),
        Verdict::Refused(number, name) => format!("ended: {number} `{name}`"),
        Verdict::Done => "runs, and gains nothing".to_owned(),
        Verdict::Parked => "waits, and holds nothing meanwhile".to_owned(),
    };
    format!("| {} | {} | {verdict} |\n", guest.name, guest.attack)
}

#[test]
fn the_table_is_what_the_guests_say() -> Tested {
    let guests = all()?.into_iter().chain(bombs::all());
    let table: String = std::iter::once(HEAD.to_owned()).chain(guests.map(|guest| line(&guest))).collect();
    let written = std::fs::read_to_string(folder().join("VERDICTS.md"))?;
    if written != table {
        let draft = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("VERDICTS.md");
        std::fs::write(&draft, table)?;
        return Err(format!("VERDICTS.md is not what the guests say; {} is", draft.display()).into());
    }
    Ok(())
}
