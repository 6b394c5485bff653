//! Plans: reads the tenant's open tasks, chooses those that fit, and marks them.

use casemate::{Refusal, log, sql};
use serde::{Deserialize, Serialize};

/// What to do: `input.json`, or whatever the run is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Points that fit into the plan.
    capacity: u32,
}

/// A row of `public.tasks`. Personal data in a title arrives as a token such as `<EMAIL_7Q2M…>`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Task {
    id: i64,
    title: String,
    points: u32,
}

/// What the run returns.
#[derive(Serialize)]
struct Output {
    planned: Vec<String>,
    points: u32,
    left: usize,
}

#[casemate::agent]
fn run(input: Input) -> Result<Output, Refusal> {
    let open: Vec<Task> =
        sql::query("select id, title, points from public.tasks where not planned order by id").rows()?;
    let chosen = plan(&open, input.capacity);
    for task in &chosen {
        // Values are parameters, never part of the statement's text.
        sql::execute("update public.tasks set planned = true where id = $1").bind(task.id).run()?;
    }
    log::info(format!("{} of {} tasks planned", chosen.len(), open.len()))?;
    Ok(Output {
        points: chosen.iter().map(|task| task.points).sum(),
        left: open.len() - chosen.len(),
        planned: chosen.into_iter().map(|task| task.title).collect(),
    })
}

/// The tasks that fit, the first ones first. Rules that call no tool can be tested without a host.
fn plan(open: &[Task], capacity: u32) -> Vec<Task> {
    let mut free = capacity;
    let fits = |task: &&Task| match free.checked_sub(task.points) {
        Some(rest) => {
            free = rest;
            true
        }
        None => false,
    };
    open.iter().filter(fits).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{Task, plan};

    #[test]
    fn a_task_that_does_not_fit_is_passed_over() {
        let tasks = [(1, 2), (2, 9), (3, 3)].map(|(id, points)| Task { id, title: String::new(), points });
        let ids = |capacity| plan(&tasks, capacity).iter().map(|task| task.id).collect::<Vec<_>>();
        assert_eq!(ids(5), [1, 3]);
        assert_eq!(ids(1), [] as [i64; 0]);
        assert_eq!(ids(100), [1, 2, 3]);
    }
}
