//! Times in order, and how they are printed. It doesn't know what was measured.

/// Times in milliseconds, in rising order.
pub(super) struct Spread(Vec<f64>);

impl Spread {
    /// Of the numbers in a text, one to a line.
    pub(super) fn of_lines(lines: &str) -> Self {
        Self::of(lines.lines().filter_map(|line| line.trim().parse().ok()).collect())
    }

    pub(super) fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// The time below which this share lies, in per cent.
    pub(super) fn at(&self, share: usize) -> f64 {
        let at = (self.0.len() * share / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "p50 {:.2} ms, p99 {:.2} ms, of {}", self.at(50), self.at(99), self.0.len())
    }
}

pub(super) fn heading(text: &str) {
    println!("\n{text}");
}

pub(super) fn line(what: &str, value: impl std::fmt::Display) {
    println!("  {what:<58} {value}");
}
