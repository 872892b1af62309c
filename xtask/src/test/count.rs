//! Counting tests from what the test programs say.

use std::fmt;

use serde_json::Value;

/// Tests that passed and failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Count {
    /// Adds up what a line of `cargo test` says, if it is the summary of a test program:
    /// `test result: ok. 17 passed; 0 failed; …`.
    pub(super) fn cargo(&mut self, line: &str) {
        let Some(summary) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else { return };
        for part in summary.1.split("; ") {
            match part.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse::<u64>().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse::<u64>().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Adds up what a line of Playwright says, if it is of its summary: `  12 passed (30.2s)`.
    pub(super) fn playwright(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let number = words.next().and_then(|word| word.parse::<u64>().ok());
        match (number, words.next(), words.next()) {
            (Some(number), Some("passed"), Some(time)) if time.starts_with('(') => self.passed += number,
            (Some(number), Some("failed"), None) => self.failed += number,
            _ => {}
        }
    }

    /// Adds up what a line of Node's test runner says, if it is of its summary: `ℹ pass 5`.
    pub(super) fn node(&mut self, line: &str) {
        let summary = line.strip_prefix("ℹ ").and_then(|rest| rest.split_once(' '));
        match summary.map(|(what, number)| (what, number.trim().parse::<u64>())) {
            Some(("pass", Ok(number))) => self.passed += number,
            Some(("fail" | "cancelled", Ok(number))) => self.failed += number,
            _ => {}
        }
    }

    /// Adds up a plain closing line: `141 passed, 0 failed`.
    pub(super) fn plain(&mut self, line: &str) {
        let numbers = line.strip_suffix(" failed").and_then(|rest| rest.split_once(" passed, "));
        if let Some((Ok(passed), Ok(failed))) = numbers.map(|(passed, failed)| (passed.parse::<u64>(), failed.parse::<u64>())) {
            self.passed += passed;
            self.failed += failed;
        }
    }

    /// Adds up a JSON report of vitest.
    pub(super) fn vitest(&mut self, report: &str) {
        let report: Value = serde_json::from_str(report).unwrap_or_default();
        self.passed += report["numPassedTests"].as_u64().unwrap_or(0);
        self.failed += report["numFailedTests"].as_u64().unwrap_or(0);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_cargo_are_added_up_and_other_lines_are_not() {
        let mut count = Count::default();
        count.cargo("test result: ok. 17 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.12s");
        count.cargo("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s");
        count.cargo("test logs::a_test ... ok");
        assert_eq!(count, Count { passed: 20, failed: 2 });
    }

    #[test]
    fn summaries_of_the_browser_and_window_suites_are_added_up() {
        let mut count = Count::default();
        for line in ["Running 14 tests using 2 workers", "  1 failed", "    [1] story.spec.ts", "  12 passed (30.2s)"] {
            count.playwright(line);
        }
        for line in ["✔ the story (1203ms)", "ℹ tests 3", "ℹ pass 2", "ℹ fail 1", "ℹ cancelled 0"] {
            count.node(line);
        }
        assert_eq!(count, Count { passed: 14, failed: 2 });
    }

    #[test]
    fn a_report_of_vitest_is_added_up_and_a_missing_one_is_nothing() {
        let mut count = Count { passed: 1, failed: 0 };
        count.vitest(r#"{"numTotalTests": 5, "numPassedTests": 4, "numFailedTests": 1}"#);
        count.vitest("");
        assert_eq!(count.to_string(), "5 passed, 1 failed");
    }
}
