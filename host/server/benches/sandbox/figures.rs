//! Medians and percentiles, and how they are printed. It doesn't know what was measured.

use std::time::Duration;

/// The value below which this share of the samples lies, in per cent.
pub(crate) fn percentile(samples: &mut [Duration], share: usize) -> Duration {
    samples.sort_unstable();
    let at = (samples.len() * share / 100).min(samples.len().saturating_sub(1));
    samples.get(at).copied().unwrap_or_default()
}

/// The middle sample.
pub(crate) fn median(samples: &mut [Duration]) -> Duration {
    percentile(samples, 50)
}

/// Prints a heading.
pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

/// Prints one figure.
pub(crate) fn line(what: &str, value: impl std::fmt::Display) {
    println!("  {what:<64} {value}");
}

/// A time with three digits that matter.
pub(crate) fn time(time: Duration) -> String {
    let nanoseconds = time.as_nanos() as f64;
    match nanoseconds {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.2} us", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}
