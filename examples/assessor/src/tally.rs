//! The running totals of one run, and the summary made of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::rules::{Assessment, Band, Score, tokens};

/// Most subjects that a summary names.
const EXAMPLES: usize = 3;

/// Totals over the assessments of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) scored: u64,
    pub(crate) flagged: u64,
    pub(crate) by_band: BTreeMap<Band, u64>,
    /// The id of the last assessment.
    pub(crate) last: String,
    points: u64,
    examples: Vec<String>,
}

impl Tally {
    /// Counts an assessment.
    pub(crate) fn add(&mut self, assessment: &Assessment, score: &Score) {
        self.scored += 1;
        self.flagged += u64::from(!score.tokens.is_empty());
        self.points += u64::from(score.points);
        *self.by_band.entry(score.band).or_default() += 1;
        self.last.clone_from(&assessment.id);
        // More people read a summary than a row: a subject with personal data is no example.
        let is_example = score.band == Band::High && tokens(&assessment.subject).is_empty();
        if is_example && self.examples.len() < EXAMPLES {
            self.examples.push(assessment.subject.clone());
        }
    }

    /// Mean of the scores to one decimal place, if there are any.
    pub(crate) fn mean(&self) -> Option<f64> {
        let tenths = (self.points * 20 + self.scored).checked_div(self.scored * 2)?;
        u32::try_from(tenths).ok().map(|tenths| f64::from(tenths) / 10.0)
    }

    /// What the summary says.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "scored": self.scored,
            "flagged": self.flagged,
            "mean_score": self.mean(),
            "by_band": self.by_band,
            "examples": self.examples,
            "last_assessment": self.last,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use crate::rules::{Assessment, Band, Score};
    use serde_json::json;

    /// Adds an assessment with this subject and score.
    fn add(tally: &mut Tally, id: &str, subject: &str, points: u32, band: Band, tokens: &[&str]) {
        let assessment =
            Assessment { id: id.to_owned(), subject: subject.to_owned(), notes: None, amount: None, answers: None };
        let tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        tally.add(&assessment, &Score { points, band, tokens, reasons: Vec::new() });
    }

    #[test]
    fn nothing_scored_has_no_mean() {
        assert_eq!(Tally::default().mean(), None);
    }

    #[test]
    fn the_summary_counts_and_names_no_persons() {
        let mut tally = Tally::default();
        add(&mut tally, "a", "Loan 1", 90, Band::High, &["<EMAIL_7Q2M4C>"]);
        add(&mut tally, "b", "Loan of <EMAIL_7Q2M4C>", 80, Band::High, &[]);
        add(&mut tally, "c", "Loan 3", 10, Band::Low, &[]);
        let expected = json!({
            "scored": 3,
            "flagged": 1,
            "mean_score": 60.0,
            "by_band": { "low": 1, "high": 2 },
            "examples": ["Loan 1"],
            "last_assessment": "c",
        });
        assert_eq!(tally.summary(), expected);
    }

    #[test]
    fn the_mean_is_rounded_to_one_place() {
        let mut tally = Tally::default();
        for points in [1, 1, 2] {
            add(&mut tally, "a", "Loan", points, Band::Low, &[]);
        }
        assert_eq!(tally.mean(), Some(1.3));
    }
}
