//! The rules. A score goes from 0 (nothing to see) to 100 (look at it today) and is the sum of three parts:
//!
//! | part       | points | by                                                                  |
//! |------------|--------|---------------------------------------------------------------------|
//! | amount     | 0–40   | bands: below 1,000 · 10,000 · 50,000 · 100,000 · and above          |
//! | notes      | 0–40   | words of risk, each counted once with its own weight                |
//! | answers    | 0–20   | share of the questions that are unanswered; no questions count as all |
//!
//! Personal data adds no points: it says nothing about risk. It is flagged, so that somebody can ask why it stands
//! in a note. All rules are pure functions: the same assessment always has the same score.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An open assessment, as the agent sees it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Assessment {
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) notes: Option<String>,
    pub(crate) amount: Option<i64>,
    pub(crate) answers: Option<BTreeMap<String, Value>>,
}

/// What the rules say about one assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) points: u32,
    pub(crate) band: Band,
    /// Tokens that stand in place of personal data in the notes.
    pub(crate) tokens: Vec<String>,
    /// Why it has so many points.
    pub(crate) reasons: Vec<String>,
}

/// What to do about a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Band {
    /// Below 30.
    Low,
    /// Below 60.
    Medium,
    /// From 60 on.
    High,
}

/// Amounts below the first number have the second number of points.
const AMOUNTS: [(i64, u32); 4] = [(1_000, 0), (10_000, 10), (50_000, 20), (100_000, 30)];

/// Points of an amount above all bands.
const LARGE_AMOUNT: u32 = 40;

/// Words of risk and their points.
const RISKS: [(&str, u32); 8] = [
    ("fraud", 25),
    ("lawsuit", 20),
    ("default", 15),
    ("urgent", 10),
    ("overdue", 10),
    ("complaint", 8),
    ("dispute", 8),
    ("late", 5),
];

/// Most points of the notes.
const NOTES: u32 = 40;

/// Most points of the answers.
const ANSWERS: u32 = 20;

/// Scores one assessment.
pub(crate) fn score(assessment: &Assessment) -> Score {
    let notes = assessment.notes.as_deref().unwrap_or_default();
    let amount = assessment.amount.unwrap_or_default();
    let words = risk_words(notes);
    let (open, asked) = unanswered(assessment.answers.as_ref());
    let parts = [amount_points(amount), notes_points(&words), answers_points(open, asked)];
    let points = parts.iter().sum();

    let mut reasons = vec![format!("amount {amount}")];
    if !words.is_empty() {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        reasons.push(format!("notes say {}", names.join(", ")));
    }
    if open > 0 || asked == 0 {
        reasons.push(format!("{open} of {asked} questions unanswered"));
    }
    Score { points, band: band(points), tokens: tokens(notes), reasons }
}

/// The band of a score.
const fn band(points: u32) -> Band {
    match points {
        0..30 => Band::Low,
        30..60 => Band::Medium,
        _ => Band::High,
    }
}

/// Points of an amount; a debt counts as much as a claim.
fn amount_points(amount: i64) -> u32 {
    let amount = amount.saturating_abs();
    AMOUNTS.iter().find(|(bound, _)| amount < *bound).map_or(LARGE_AMOUNT, |(_, points)| *points)
}

/// The words of risk in a text, whole words in any case, each once.
fn risk_words(notes: &str) -> Vec<(&'static str, u32)> {
    let notes = notes.to_lowercase();
    let words: Vec<_> = notes.split(|letter: char| !letter.is_alphanumeric()).collect();
    RISKS.into_iter().filter(|(risk, _)| words.contains(risk)).collect()
}

/// Points of the words found.
fn notes_points(words: &[(&str, u32)]) -> u32 {
    words.iter().map(|(_, points)| points).sum::<u32>().min(NOTES)
}

/// How many questions are unanswered (null, or text without a letter), and how many there are.
fn unanswered(answers: Option<&BTreeMap<String, Value>>) -> (u32, u32) {
    let is_open = |answer: &&Value| match answer {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    answers.map_or((0, 0), |answers| (count(answers.values().filter(is_open).count()), count(answers.len())))
}

/// Points of the answers: the share that is open.
fn answers_points(open: u32, asked: u32) -> u32 {
    open.saturating_mul(ANSWERS).checked_div(asked).unwrap_or(ANSWERS)
}

/// The tokens in a text, such as `<EMAIL_7Q2M4C>`: capitals and `_`, then one more part of capitals and digits.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let candidates = text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(inside, _)| inside);
    candidates.filter(|inside| class(inside).is_some()).map(|inside| format!("<{inside}>")).collect()
}

/// The class of a token, such as `EMAIL`, from its inside.
fn class(inside: &str) -> Option<&str> {
    let (class, code) = inside.rsplit_once('_')?;
    let is_class = !class.is_empty() && class.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_code = code.len() >= 4 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (is_class && is_code).then_some(class)
}

#[cfg(test)]
mod tests;
