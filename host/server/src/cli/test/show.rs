//! How cases and their differences are printed: one line a case, what differs below it, for people and as JSON. It
//! doesn't know how they were found.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Format, output};
use super::compare::{Difference, What};

/// How a case went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The run did what the case says.
    Passed,
    /// It did something else.
    Failed,
    /// It did something else, and the case says that now.
    Updated,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Updated => "updated",
        }
    }
}

pub(super) fn case(format: Format, name: &str, verdict: Verdict, elapsed: Duration, differences: &[Difference]) {
    if format == Format::Json {
        let line = json!({
            "type": "case",
            "case": name,
            "verdict": verdict.name(),
            "elapsed_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            "differences": differences.iter().map(machine).collect::<Vec<_>>(),
        });
        return output::line(&line.to_string());
    }
    let mark = match verdict {
        Verdict::Passed => output::good("✓"),
        Verdict::Failed => output::bad("✗"),
        Verdict::Updated => output::notable("↻"),
    };
    let time = output::dim(&format!("{:.1} ms", elapsed.as_secs_f64() * 1_000.0));
    output::line(&format!("{mark} {} {time}", output::printable(name)));
    let mut last = None;
    for difference in differences {
        if last != Some(difference.what) {
            output::line(&format!("    {}", output::heading(&head(difference))));
        }
        last = Some(difference.what);
        people(difference);
    }
}

pub(super) fn summary(format: Format, verdicts: &[Verdict]) {
    let count = |verdict| verdicts.iter().filter(|other| **other == verdict).count();
    let (passed, failed, updated) = (count(Verdict::Passed), count(Verdict::Failed), count(Verdict::Updated));
    match format {
        Format::Json => {
            let line = json!({"type": "tested", "passed": passed, "failed": failed, "updated": updated});
            output::line(&line.to_string());
        }
        Format::Human => {
            let updated = if updated == 0 { String::new() } else { format!(", {updated} updated") };
            let words = format!("{passed} passed, {failed} failed{updated}");
            output::line(&if failed == 0 { output::good(&words) } else { output::bad(&words) });
        }
    }
}

fn machine(difference: &Difference) -> Value {
    let (what, call) = match difference.what {
        What::Request(number) => ("request", Some(number)),
        What::Answer(number) => ("answer", Some(number)),
        What::Missing(number) => ("missing", Some(number)),
        What::Extra(number) => ("extra", Some(number)),
        What::End => ("end", None),
    };
    let Difference { path, expected, actual, .. } = difference;
    json!({"what": what, "call": call, "path": path, "expected": expected, "actual": actual})
}

fn head(difference: &Difference) -> String {
    match difference.what {
        What::Request(number) => format!("call {number} asks for something else"),
        What::Answer(number) => format!("call {number} is answered otherwise"),
        What::Missing(number) => format!("call {number} is not made"),
        What::Extra(number) => format!("call {number} is not in the case"),
        What::End => "the run ends otherwise".to_owned(),
    }
}

fn people(difference: &Difference) {
    if !difference.path.is_empty() {
        output::line(&format!("      {}", output::dim(&output::printable(&difference.path))));
    }
    let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
    let line = |mark: &str, words: &str| format!("      {mark} {}", output::printable(words));
    output::line(&output::good(&line("-", &shown(&difference.expected))));
    output::line(&output::bad(&line("+", &shown(&difference.actual))));
}
