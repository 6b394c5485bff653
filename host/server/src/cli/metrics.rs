//! The pool's metrics in Prometheus' text exposition format (version 0.0.4), for a collector that reads files. It doesn't
//! know what the pool holds.

use std::fs;
use std::path::Path;

use super::CliError;
use crate::sandbox::PoolMetrics;

/// Writes the metrics, whole or not at all.
pub(super) fn write(path: &Path, pool: &PoolMetrics) -> Result<(), CliError> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, text(pool)).and_then(|()| fs::rename(&fresh, path)).map_err(|error| {
        CliError::new("data-metrics", format!("name a file that can be written: {} can't", path.display()))
            .because(&error)
    })
}

fn text(pool: &PoolMetrics) -> String {
    [
        ("casemate_pool_shares", "gauge", "Agents of ordinary size that can live at once.", pool.shares),
        ("casemate_pool_shares_taken", "gauge", "Shares of the pool that living agents take.", pool.shares_taken),
        ("casemate_pool_shares_taken_peak", "gauge", "Most shares that were taken at once.", pool.shares_taken_peak),
        ("casemate_pool_runs_waiting", "gauge", "Runs that wait for room in the pool.", pool.runs_waiting),
        ("casemate_pool_runs_waited_total", "counter", "Runs that had to wait for room.", pool.runs_waited),
        ("casemate_pool_runs_total", "counter", "Runs that got room.", pool.runs),
        ("casemate_pool_component_instances", "gauge", "Component instances that live.", pool.component_instances),
        ("casemate_pool_memories", "gauge", "Linear memories that live.", pool.memories),
        ("casemate_pool_stacks", "gauge", "Stacks in use.", pool.stacks),
        (
            "casemate_pool_unused_memory_bytes",
            "gauge",
            "Resident bytes of memories that no agent uses.",
            pool.unused_memory_bytes,
        ),
    ]
    .into_iter()
    .map(|(name, kind, help, value)| format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::sandbox::PoolMetrics;

    #[test]
    fn every_metric_has_its_help_its_type_and_one_value() {
        let text = text(&PoolMetrics { shares: 7, ..PoolMetrics::default() });
        assert!(text.contains("\n# TYPE casemate_pool_runs_total counter\ncasemate_pool_runs_total 0\n"), "{text}");
        for lines in text.lines().collect::<Vec<_>>().chunks(3) {
            let [help, kind, value] = lines else { panic!("{lines:?}") };
            let name = value.split(' ').next().unwrap_or_default();
            assert!(help.starts_with(&format!("# HELP {name} ")) && kind.starts_with(&format!("# TYPE {name} ")));
        }
    }
}
