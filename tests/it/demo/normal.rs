//! Takes out of a transcript what differs from time to time: ids, keys, times, roots, how the lines of two runs
//! interleave, and how far the killed run had come. It doesn't judge what is left.

use std::path::Path;

use crate::host::Tested;

/// Calls of the assessor's run.
const CALLS: u64 = 27;
/// Calls of the resumed run before this one may be answered from the journal or made again.
const SETTLED: u64 = 23;

/// The transcript without what differs.
pub(super) fn transcript(stdout: &str, data: &Path) -> Tested<String> {
    let mut shown = String::new();
    let mut killed = false;
    for block in blocks(&stdout.replace(&data.display().to_string(), "<data>")) {
        let resumed = block.first().is_some_and(|line| line.starts_with("$ casemate resume "));
        killed |= resumed;
        let block = if resumed { settled(block)? } else { by_tenant(block) };
        for line in block {
            shown.push_str(line_of(&line, killed).trim_end());
            shown.push('\n');
        }
    }
    Ok(shown)
}

/// A command with what it printed.
fn blocks(stdout: &str) -> Vec<Vec<String>> {
    let mut blocks: Vec<Vec<String>> = Vec::new();
    for line in stdout.lines() {
        match blocks.last_mut() {
            Some(block) if !line.starts_with("$ ") => block.push(line.to_owned()),
            _ => blocks.push(vec![line.to_owned()]),
        }
    }
    blocks
}

/// The lines of `acme`'s run before those of `globex`'s; a line that is indented belongs to the one before it.
fn by_tenant(block: Vec<String>) -> Vec<String> {
    let (mut before, mut acme, mut globex, mut after) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut last = 0;
    for line in block {
        last = match (line.split(' ').next(), last) {
            (Some("acme"), _) => 1,
            (Some("globex"), _) => 2,
            (Some(""), last) if !line.is_empty() => last,
            (_, 0) => 0,
            _ => 3,
        };
        match last {
            0 => before.push(line),
            1 => acme.push(line),
            2 => globex.push(line),
            _ => after.push(line),
        }
    }
    [before, acme, globex, after].concat()
}

/// The resumed run from where it no longer depends on the moment of the kill. Every call before is either answered
/// from the journal or made, each once and in order.
fn settled(block: Vec<String>) -> Tested<Vec<String>> {
    let mut kept = Vec::new();
    let mut next = 1;
    for line in block {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = words.get(1).and_then(|word| word.parse::<u64>().ok()).filter(|_| line.starts_with("acme "));
        match number {
            Some(replayed) if words.get(2) == Some(&"calls") => {
                next += replayed;
                kept.push("acme       <count> calls answered from the journal".to_owned());
            }
            Some(call) => {
                assert_eq!(call, next, "the resumed run leaves out or repeats a call: {line}");
                next += 1;
                if call >= SETTLED {
                    kept.push(line);
                }
            }
            None if line.contains("log: ") && next <= SETTLED => {}
            None => kept.push(line),
        }
    }
    if next == CALLS + 1 {
        Ok(kept)
    } else {
        Err(format!("the resumed run made {} calls, not {CALLS}", next - 1).into())
    }
}

/// One line without ids, keys, roots and times; after the kill without places in the ledger either.
fn line_of(line: &str, killed: bool) -> String {
    let line = without_memory(&without_times(&without_ids(line)));
    let words: Vec<&str> = line.split_whitespace().collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    if word(0) == "<id>/host" {
        let entries = if killed { "<n> <n>".to_owned() } else { format!("{} {}", word(1), word(2)) };
        return format!(" <id>/host {entries} {} <root>", word(3));
    }
    if killed && is_number(word(1)) && is_number(word(5)) {
        let (head, tail) = line.split_at(line.find("<time>").unwrap_or(line.len()));
        return format!("{}<n> {tail}", head.trim_end().trim_end_matches(|sign: char| sign.is_ascii_digit()));
    }
    match line.split_once(" (ledger ") {
        Some((head, _)) if killed => format!("{head} (ledger <n>)"),
        _ => line,
    }
}

/// Every UUID becomes `<id>`, and a verifier key `<key>`.
fn without_ids(line: &str) -> String {
    if let Some((head, _)) = line.split_once("casemate/") {
        return format!("{head}<key>");
    }
    let mut shown = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if rest.get(..36).is_some_and(is_uuid) {
            shown.push_str("<id>");
            rest = rest.get(36..).unwrap_or_default();
        } else {
            shown.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    shown
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Every number of milliseconds becomes `<time>`, whatever its width.
fn without_times(line: &str) -> String {
    let Some(at) = line.match_indices(" ms").map(|(at, _)| at).next() else { return line.to_owned() };
    let (head, tail) = line.split_at(at);
    let head = head.trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '.').trim_end();
    format!("{head} <time>{}", without_fuel(tail.get(3..).unwrap_or_default()))
}

/// What a call burned, which stands behind its time, depends on the compiler that built the guest.
fn without_fuel(tail: &str) -> String {
    let after = tail.trim_start().trim_start_matches(|sign: char| sign.is_ascii_digit() || ".kMG".contains(sign));
    if after.len() < tail.trim_start().len() { format!(" <fuel>{after}") } else { tail.to_owned() }
}

/// How much a guest holds when it is refused more depends on the compiler that built it.
fn without_memory(line: &str) -> String {
    if let Some((head, tail)) = line.split_once("used ")
        && head.trim().is_empty()
        && let Some((calls, _)) = tail.split_once(" fuel, ").and_then(|(_, rest)| rest.split_once(" calls, "))
    {
        return format!("{head}used <fuel> fuel, {calls} calls, <bytes> of memory at most, <time>");
    }
    match line.split_once("`memory` is used up: ") {
        Some((head, tail)) => {
            let tail = tail.trim_start_matches(|sign: char| sign.is_ascii_digit());
            match tail.split_once(" taken, ").and_then(|(of, asked)| Some((of, asked.split_once(" more asked for")?))) {
                Some((of, (_, rest))) => {
                    format!("{head}`memory` is used up: <bytes>{of} taken, <bytes> more asked for{rest}")
                }
                None => format!("{head}`memory` is used up: <bytes>{tail}"),
            }
        }
        None => line.to_owned(),
    }
}
