//! Scores a tenant's open assessments: reads them in batches, judges each by the rules in `rules.rs`, writes the
//! scores back, and leaves a summary and a counter behind.
//!
//! The agent says nowhere which tenant it works for. The host gives it the rows of the tenant whose run it is, and
//! no others. Personal data in the notes arrives as tokens such as `<EMAIL_7Q2M…>`.

mod rows;
mod rules;
mod tally;

use std::collections::BTreeMap;

use casemate::{Failure, clock, kv, log};
use serde::{Deserialize, Serialize};

use tally::Tally;

/// The counter of all assessments ever scored for this tenant.
const COUNTER: &str = "assessor/scored";

/// Most rows in one batch, far below what one call may carry.
const LARGEST_BATCH: u32 = 500;

/// What to do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Rows in one batch.
    #[serde(default = "usual_batch")]
    batch: u32,
    /// Rows in all; every open assessment if absent.
    limit: Option<u64>,
}

/// What was done.
#[derive(Serialize)]
struct Output {
    /// Assessments scored by this run.
    scored: u64,
    /// Those of them that hold personal data.
    flagged: u64,
    /// Mean of the scores; absent when nothing was scored.
    mean_score: Option<f64>,
    /// Assessments in each band.
    by_band: BTreeMap<rules::Band, u64>,
    /// The row in `public.summaries`; absent when nothing was scored.
    summary_id: Option<String>,
    /// Assessments ever scored for this tenant.
    total_ever: i64,
}

const fn usual_batch() -> u32 {
    50
}

#[casemate::agent]
fn run(input: Input) -> Result<Output, Failure> {
    if !(1..=LARGEST_BATCH).contains(&input.batch) {
        return Err(Failure::invalid_input(format!("`batch` must be from 1 to {LARGEST_BATCH}")));
    }
    let start = clock::now()?;
    let tally = score_all(&input)?;
    let total_ever = kv::add(COUNTER, i64::try_from(tally.scored).unwrap_or(i64::MAX))?;
    let summary_id = if tally.scored == 0 { None } else { rows::write_summary(&tally)? };
    let taken = clock::now()?.since(start);
    log::info(format!("done: {} scored in {} ms, {total_ever} ever", tally.scored, taken.as_millis()))?;
    Ok(Output {
        scored: tally.scored,
        flagged: tally.flagged,
        mean_score: tally.mean(),
        by_band: tally.by_band,
        summary_id,
        total_ever,
    })
}

/// Batch after batch, until there is none left or the limit is reached.
fn score_all(input: &Input) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut quotations = rows::Quotations::tried();
    let mut last = rows::BEFORE_ALL.to_owned();
    for number in 1_u32.. {
        let left = input.limit.map_or(u64::MAX, |limit| limit.saturating_sub(tally.scored));
        let wanted = u64::from(input.batch).min(left);
        let batch = if wanted == 0 { Vec::new() } else { rows::read_open(&last, wanted)? };
        let Some(final_row) = batch.last() else { break };
        last.clone_from(&final_row.id);

        let scores: Vec<_> = batch.iter().map(rules::score).collect();
        let written = rows::write_scores(&batch, &scores, &mut quotations)?;
        batch.iter().zip(&scores).for_each(|(assessment, score)| tally.add(assessment, score));
        log::info(format!(
            "batch {number}: {} read, {written} written, {} flagged so far",
            batch.len(),
            tally.flagged
        ))?;
    }
    Ok(tally)
}
