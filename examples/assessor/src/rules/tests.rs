//! Each rule at its bounds, and whole assessments.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Assessment, Band, amount_points, answers_points, band, risk_words, score, tokens, unanswered};

/// An assessment with these contents.
fn assessment(amount: i64, notes: &str, answers: Value) -> Assessment {
    Assessment {
        id: "0190163d-8694-739b-aea5-966c26f8ad91".to_owned(),
        subject: "Loan 17".to_owned(),
        notes: Some(notes.to_owned()),
        amount: Some(amount),
        answers: serde_json::from_value::<BTreeMap<String, Value>>(answers).ok(),
    }
}

#[test]
fn amounts_fall_into_bands() {
    let amounts = [0, 999, 1_000, 9_999, 10_000, 50_000, 99_999, 100_000, i64::MAX, -10_000, i64::MIN];
    assert_eq!(amounts.map(amount_points), [0, 0, 10, 10, 20, 30, 30, 40, 40, 20, 40]);
}

#[test]
fn scores_fall_into_bands() {
    let bands = [0, 29, 30, 59, 60, 100].map(band);
    assert_eq!(bands, [Band::Low, Band::Low, Band::Medium, Band::Medium, Band::High, Band::High]);
}

#[test]
fn risk_words_are_whole_words_and_count_once() {
    let words = risk_words("FRAUD, fraud; defaulted, late. Plates are no risk.");
    assert_eq!(words, [("fraud", 25), ("late", 5)]);
}

#[test]
fn answers_without_content_are_open() {
    let answers = assessment(0, "", json!({"a": null, "b": " ", "c": "yes", "d": 0, "e": false})).answers;
    assert_eq!(unanswered(answers.as_ref()), (2, 5));
    assert_eq!(
        [answers_points(2, 5), answers_points(0, 3), answers_points(3, 3), answers_points(0, 0)],
        [8, 0, 20, 20]
    );
}

#[test]
fn tokens_are_told_from_other_brackets() {
    let text =
        "write to <EMAIL_7Q2M4C9X> or <GOVERNMENT_ID_9KXW2A>, not <b>, <EMAIL>, <_1234>, <EMAIL_7q2m>, <EMAIL_12";
    assert_eq!(tokens(text), ["<EMAIL_7Q2M4C9X>", "<GOVERNMENT_ID_9KXW2A>"]);
}

#[test]
fn a_quiet_assessment_scores_low() {
    let score = score(&assessment(500, "All fine.", json!({"income": 4, "since": "2019"})));
    assert_eq!((score.points, score.band), (0, Band::Low));
    assert_eq!(score.reasons, ["amount 500"]);
    assert!(score.tokens.is_empty());
}

#[test]
fn a_loud_assessment_scores_high_and_says_why() {
    let notes = "Urgent: suspected fraud, lawsuit to come. Ask <EMAIL_7Q2M4C9X>.";
    let score = score(&assessment(120_000, notes, json!({"income": null, "since": "2019"})));
    assert_eq!((score.points, score.band), (90, Band::High));
    let reasons = ["amount 120000", "notes say fraud, lawsuit, urgent", "1 of 2 questions unanswered"];
    assert_eq!(score.reasons, reasons);
    assert_eq!(score.tokens, ["<EMAIL_7Q2M4C9X>"]);
}

#[test]
fn nothing_known_is_a_reason_to_ask() {
    let empty = Assessment { notes: None, amount: None, answers: None, ..assessment(0, "", Value::Null) };
    let score = score(&empty);
    assert_eq!((score.points, score.band), (20, Band::Low));
    assert_eq!(score.reasons, ["amount 0", "0 of 0 questions unanswered"]);
}
