//! Does what its input says: a list of actions, done in order, each with its reply. Integration tests use it to
//! make any call of any tool. A refusal is a reply like any other (`{"refused": {...}}`), so that a test sees what
//! the agent saw; only `insist`, `fail`, `refuse` and `invalid-input` end the run.

mod action;
mod perform;
mod reply;

use action::Action;
use casemate::Failure;
use reply::Reply;

#[casemate::agent]
fn run(actions: Vec<Action>) -> Result<Vec<Reply>, Failure> {
    actions.into_iter().map(perform::perform).collect()
}
