//! Every hostile guest that runs, once more from its evidence, at both levels of optimisation: whatever it tried, it does the
//! same again. It doesn't know what each tried.

use super::assemble;
use super::judged;
use super::script::{Guest, Verdict, all};
use crate::host::{Host, Tested};
use crate::said::{Said, text};

/// What may come of it at a level: at which depth a stack ends is the compiler's choice.
fn is_fine(guest: &Guest, level: &str, verdict: &str) -> bool {
    match verdict {
        "identical" => true,
        "stopped" => matches!(guest.verdict, Verdict::Refused(304, _)),
        "environment" => level == "none" && guest.name.starts_with("stack-"),
        _ => false,
    }
}

fn are_the_same_again(topics: &[&str]) -> Tested {
    let host = Host::without_database()?;
    let mut wrong = Vec::new();
    let mut repeated = 0;
    for guest in all()? {
        let is_one = topics.iter().any(|topic| guest.name.starts_with(&format!("{topic}-")));
        let needs_database = guest.grants.iter().any(|grant| grant == "kv" || grant == "sql");
        let runs = matches!(guest.verdict, Verdict::Done | Verdict::Refused(..));
        if !is_one || needs_database || !runs {
            continue;
        }
        let file = host.beside("run.evidence").display().to_string();
        let mut command = judged::command(&host, &guest, &assemble::component(&guest)?)?;
        let said = Said::of(command.args(["--record", &file]))?;
        if said.status != Some(0) && said.status != Some(1) {
            wrong.push(format!("{}: it was not recorded: {said:?}", guest.name));
            continue;
        }
        for level in ["speed", "none"] {
            let said = host.ask(&["replay", "--evidence", &file, "--opt-level", level])?;
            let verdict = said.of_type("replay").next().map(|line| text(line, "/verdict").to_owned());
            if !verdict.is_some_and(|verdict| is_fine(&guest, level, &verdict)) {
                wrong.push(format!("{} at {level}: {}{}", guest.name, said.stdout, said.stderr));
            }
        }
        repeated += 1;
    }
    println!("{repeated} guests");
    assert!(wrong.is_empty() && repeated > 0, "\n{}\n", wrong.join("\n"));
    Ok(())
}

#[test]
fn loops_recursion_and_memory() -> Tested {
    are_the_same_again(&["cpu", "stack", "memory"])
}

#[test]
fn lies_results_and_traps() -> Tested {
    are_the_same_again(&["lie", "result", "trap", "handle"])
}

#[test]
fn floods_probes_and_the_rest() -> Tested {
    are_the_same_again(&["realloc", "flood", "wait", "import", "probe", "forge", "shape", "feature"])
}
