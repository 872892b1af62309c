//! Ranges of durations, and the history that they are taken from.

use std::collections::HashMap;

/// A range of milliseconds. Taken from history it is the 10th, 50th and 90th percentile (nearest rank).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DurationRange {
    /// Few take less.
    pub low_ms: u64,
    /// Half take less.
    pub median_ms: u64,
    /// Few take more.
    pub high_ms: u64,
}

impl DurationRange {
    /// A duration that is known exactly.
    pub(super) fn exactly(ms: u64) -> Self {
        Self { low_ms: ms, median_ms: ms, high_ms: ms }
    }

    /// Each bound by a number of its own.
    pub(super) fn times(self, count: Self) -> Self {
        Self {
            low_ms: self.low_ms.saturating_mul(count.low_ms),
            median_ms: self.median_ms.saturating_mul(count.median_ms),
            high_ms: self.high_ms.saturating_mul(count.high_ms),
        }
    }

    /// The same with every bound changed.
    pub(super) fn map(self, change: impl Fn(u64) -> u64) -> Self {
        Self { low_ms: change(self.low_ms), median_ms: change(self.median_ms), high_ms: change(self.high_ms) }
    }
}

/// What earlier runs of a workflow took, by the path of a step without the numbers of elements and passes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Runs that were looked at.
    pub runs: u32,
    durations: HashMap<String, Vec<u64>>,
    counts: HashMap<String, Vec<u64>>,
}

impl History {
    /// Adds how long a step, an element (`describe[3]`) or a pass (`poll#2`) took until it succeeded.
    pub fn add_duration(&mut self, path: &str, ms: u64) {
        self.durations.entry(unnumbered(path)).or_default().push(ms);
    }

    /// Adds how many elements or passes a step had.
    pub fn add_count(&mut self, path: &str, count: u64) {
        self.counts.entry(unnumbered(path)).or_default().push(count);
    }

    /// The range of durations of a key, and how many it is made from.
    pub(super) fn duration(&self, key: &str) -> Option<(DurationRange, u32)> {
        let values = self.durations.get(key)?;
        Some((percentiles(values)?, u32::try_from(values.len()).unwrap_or(u32::MAX)))
    }

    /// The range of counts of a key.
    pub(super) fn count(&self, key: &str) -> Option<DurationRange> {
        percentiles(self.counts.get(key)?)
    }
}

/// `describe[3].sentence` → `describe[].sentence`, `poll#2.check` → `poll#.check`.
fn unnumbered(path: &str) -> String {
    let mut numbered = false;
    let keep = |c: &char| {
        numbered = matches!(c, '[' | '#') || (numbered && c.is_ascii_digit());
        !numbered || !c.is_ascii_digit()
    };
    path.chars().filter(keep).collect()
}

fn percentiles(values: &[u64]) -> Option<DurationRange> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    // Nearest rank: the smallest value that has so many percent of all at or below it.
    let at = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Some(DurationRange { low_ms: at(10)?, median_ms: at(50)?, high_ms: at(90)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_elements_and_passes_are_left_out_of_keys_and_digits_of_names_are_not() {
        assert_eq!(unnumbered("s1.describe[13].a2"), "s1.describe[].a2");
        assert_eq!(unnumbered("poll#12.check9"), "poll#.check9");
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        assert_eq!(percentiles(&[]), None);
        assert_eq!(percentiles(&[7]), Some(DurationRange::exactly(7)));
        let ten: Vec<u64> = (1..=10).rev().collect();
        assert_eq!(percentiles(&ten), Some(DurationRange { low_ms: 1, median_ms: 5, high_ms: 9 }));
    }
}
