//! The statements: how assessments are read and how scores and the summary are written. No value ever stands in a
//! statement's text.

use casemate::sql::{self, Value};
use casemate::{Code, Refusal, log};
use serde::Serialize;

use crate::rules::{Assessment, Score};
use crate::tally::Tally;

/// An id before every other.
pub(crate) const BEFORE_ALL: &str = "00000000-0000-0000-0000-000000000000";

/// The next open assessments.
const READ_OPEN: &str = "select id, subject, notes, amount, answers from public.assessments \
                         where status = 'open' and id > $1 order by id limit $2";

/// A whole batch in one statement, so that it is written once or not at all. What is no longer open is left alone.
const WRITE_SCORES: &str = "update public.assessments as a \
                            set status = 'done', score = r.score, rationale = r.rationale \
                            from jsonb_to_recordset($1) as r(id uuid, score integer, rationale text) \
                            where a.id = r.id and a.status = 'open'";

/// The summary of a run. Its id, tenant and time are the columns' defaults.
const WRITE_SUMMARY: &str = "insert into public.summaries (agent, body) values ('assessor', $1)";

/// The id of that summary: the newest one with this run's last assessment.
const READ_SUMMARY: &str = "select id from public.summaries \
                            where agent = 'assessor' and body ->> 'last_assessment' = $1 \
                            order by created_at desc limit 1";

/// What is written back for one assessment.
#[derive(Serialize)]
struct Scored {
    id: String,
    score: u32,
    rationale: String,
}

/// The next open assessments after an id.
pub(crate) fn read_open(after: &str, wanted: u64) -> Result<Vec<Assessment>, Refusal> {
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
    sql::query(READ_OPEN).bind(Value::uuid(after)).bind(wanted).rows()
}

/// Whether rationales quote the tokens of their notes.
///
/// The host puts the personal data back on its way to the tenant's own table: the agent never sees it. Where the
/// tenant's policy makes tokens that can't be turned back, the host refuses such a write; from then on rationales go
/// without quotations.
pub(crate) struct Quotations(bool);

impl Quotations {
    /// Quotes until a refusal says that it may not.
    pub(crate) const fn tried() -> Self {
        Self(true)
    }
}

/// Writes a batch's scores back and returns how many rows were still open.
pub(crate) fn write_scores(
    batch: &[Assessment],
    scores: &[Score],
    quotations: &mut Quotations,
) -> Result<u64, Refusal> {
    if !quotations.0 {
        return write(batch, scores, rationale);
    }
    match write(batch, scores, rationale_with_tokens) {
        Err(refusal) if refusal.kind() == Some(Code::PiiStrictToken) => {
            quotations.0 = false;
            log::warn("rationales go without quotations: their tokens can't be turned back")?;
            write(batch, scores, rationale)
        }
        result => result,
    }
}

/// One update for a whole batch.
fn write(batch: &[Assessment], scores: &[Score], rationale: fn(&Score) -> String) -> Result<u64, Refusal> {
    let scored = |(assessment, score): (&'_ Assessment, &'_ Score)| Scored {
        id: assessment.id.clone(),
        score: score.points,
        rationale: rationale(score),
    };
    let rows: Vec<_> = batch.iter().zip(scores).map(scored).collect();
    sql::execute(WRITE_SCORES).bind(Value::json(&rows)?).run()
}

/// Writes the summary and returns its id.
pub(crate) fn write_summary(tally: &Tally) -> Result<Option<String>, Refusal> {
    sql::execute(WRITE_SUMMARY).bind(Value::json(&tally.summary())?).run()?;
    let id: Option<(String,)> = sql::query(READ_SUMMARY).bind(&tally.last).row()?;
    Ok(id.map(|(id,)| id))
}

/// Why an assessment has its score.
fn rationale(score: &Score) -> String {
    let personal = match score.tokens.len() {
        0 => String::new(),
        1 => "; contains personal data".to_owned(),
        count => format!("; contains personal data ({count} places)"),
    };
    format!("{}{personal}", score.reasons.join("; "))
}

/// The same with the tokens.
fn rationale_with_tokens(score: &Score) -> String {
    if score.tokens.is_empty() {
        return rationale(score);
    }
    format!("{}; contains personal data: {}", score.reasons.join("; "), score.tokens.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{rationale, rationale_with_tokens};
    use crate::rules::{Band, Score};

    /// A score with these tokens.
    fn score(tokens: &[&str]) -> Score {
        let tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        Score {
            points: 10,
            band: Band::Low,
            tokens,
            reasons: vec!["amount 5000".to_owned(), "notes say late".to_owned()],
        }
    }

    #[test]
    fn a_rationale_gives_reasons_and_quotes_tokens_only_where_it_may() {
        let quoting = rationale_with_tokens(&score(&["<EMAIL_7Q2M4C9X>", "<PHONE_AAAA11>"]));
        assert_eq!(quoting, "amount 5000; notes say late; contains personal data: <EMAIL_7Q2M4C9X>, <PHONE_AAAA11>");
        let cases: [(&[&str], &str); 3] = [
            (&[], ""),
            (&["<A_1111>"], "; contains personal data"),
            (&["<A_1111>", "<B_2222>"], "; contains personal data (2 places)"),
        ];
        for (tokens, suffix) in cases {
            assert_eq!(rationale(&score(tokens)), format!("amount 5000; notes say late{suffix}"));
        }
        assert_eq!(rationale_with_tokens(&score(&[])), "amount 5000; notes say late");
    }
}
