//! Durations, retries and joins.

use super::Decoder;
use super::keys::{JOIN, RETRY};
use crate::codes;
use crate::duration::parse_duration;
use crate::model::{Backoff, Jitter, Join, Rest, Retry};
use crate::yaml::Node;

/// Classes of failure, as they are written.
const CLASSES: [(&str, &str); 8] = [
    ("transient", "transient"),
    ("timeout", "timeout"),
    ("resource", "resource"),
    ("dependency", "dependency"),
    ("validation", "validation"),
    ("security", "security"),
    ("permanent", "permanent"),
    ("unknown", "unknown"),
];

impl Decoder<'_> {
    /// A duration in milliseconds.
    pub(super) fn duration(&mut self, node: &Node) -> Option<u64> {
        let Some(scalar) = node.scalar() else {
            self.wrong_type(node, "a duration like `1h30m`");
            return None;
        };
        match parse_duration(&scalar.text) {
            Ok(ms) => Some(ms),
            Err(error) => {
                let number = scalar.text.trim().parse::<u64>().ok();
                let fix = number.map(|number| self.replacement("Take it as seconds", node.place, format!("{number}s")));
                let message = super::capitalised(&format!("{error}."));
                self.report(codes::BAD_DURATION, node.place, message).fixes.extend(fix);
                None
            }
        }
    }

    /// A duration that bounds something: nothing could run in no time.
    pub(super) fn timeout(&mut self, node: &Node) -> Option<u64> {
        let ms = self.duration(node)?;
        if ms == 0 {
            self.report(codes::OUT_OF_RANGE, node.place, "A timeout must be longer than nothing; remove it to have none.");
            return None;
        }
        Some(ms)
    }

    pub(super) fn retry(&mut self, node: &Node) -> Option<Retry> {
        if !self.keys(node, &RETRY) {
            return None;
        }
        let mut retry = Retry::default();
        for entry in node.entries().unwrap_or_default() {
            let value = &entry.value;
            self.at(&entry.key, |this| match entry.key.as_str() {
                "attempts" => this.integer(value, 1, 1_000).into_iter().for_each(|n| retry.attempts = n),
                "backoff" => {
                    let known =
                        [("constant", Backoff::Constant), ("linear", Backoff::Linear), ("exponential", Backoff::Exponential)];
                    this.word(value, &known).into_iter().for_each(|word| retry.backoff = word);
                }
                "jitter" => {
                    let known = [("none", Jitter::None), ("full", Jitter::Full), ("equal", Jitter::Equal)];
                    this.word(value, &known).into_iter().for_each(|word| retry.jitter = word);
                }
                "initial" => this.duration(value).into_iter().for_each(|ms| retry.initial_ms = ms),
                "max" => this.duration(value).into_iter().for_each(|ms| retry.max_ms = ms),
                "max_elapsed" => retry.max_elapsed_ms = this.timeout(value),
                "factor" => this.factor(value).into_iter().for_each(|factor| retry.factor = factor),
                "classes" => this.classes(value).into_iter().for_each(|classes| retry.classes = classes),
                _ => {}
            });
        }
        self.agree(node, &mut retry);
        Some(retry)
    }

    fn agree(&mut self, node: &Node, retry: &mut Retry) {
        if retry.initial_ms > retry.max_ms {
            match (node.get("initial"), node.get("max")) {
                (Some(initial), Some(max)) => {
                    let related = self.related(max.place, "The longest delay is here.");
                    let longest = crate::format_duration(retry.max_ms);
                    let fix = self.replacement(format!("Shorten it to {longest}"), initial.place, longest);
                    let message =
                        "The first delay (`initial`) is longer than the longest (`max`). Shorten it, or lengthen `max`.";
                    let diagnostic = self.report(codes::OUT_OF_RANGE, initial.place, message);
                    diagnostic.related.push(related);
                    diagnostic.fixes.push(fix);
                }
                (Some(_), None) => retry.max_ms = retry.initial_ms,
                _ => retry.initial_ms = retry.max_ms,
            }
        }
        if let Some(attempts) = node.get("attempts")
            && retry.attempts == 1
            // Alone it says that there shall be no retries, whatever the defaults.
            && node.entries().is_some_and(|entries| entries.len() > 1)
            && attempts.scalar().is_some_and(|scalar| scalar.text == "1")
        {
            let fix = self.replacement("Change to 2", attempts.place, "2");
            let message =
                "`attempts` counts the first attempt too, so 1 retries nothing. Raise it, or remove the rest of `retry`.";
            self.report(codes::UNUSED_RETRY, attempts.place, message).fixes.push(fix);
        }
    }

    fn factor(&mut self, node: &Node) -> Option<f64> {
        let value = node.scalar().and_then(|scalar| scalar.value().as_f64());
        let Some(value) = value else {
            self.wrong_type(node, "a number");
            return None;
        };
        if !(1.0..=100.0).contains(&value) {
            self.report(codes::OUT_OF_RANGE, node.place, format!("A factor from 1 to 100 is expected here, not {value}."));
            return None;
        }
        Some(value)
    }

    pub(super) fn classes(&mut self, node: &Node) -> Option<Vec<String>> {
        let Some(items) = node.items() else {
            self.wrong_type(node, "a list of classes such as [transient, timeout]");
            return None;
        };
        Some(items.iter().filter_map(|item| self.word(item, &CLASSES)).map(str::to_owned).collect())
    }

    pub(super) fn join(&mut self, node: &Node) -> Option<(Join, Rest)> {
        if node.entries().is_none() {
            let join = self.word(node, &[("all", Join::All), ("any", Join::Any), ("first", Join::First)])?;
            return Some((join, Rest::default()));
        }
        self.keys(node, &JOIN);
        let rest = node.get("rest").and_then(|node| self.at("rest", |this| this.rest(node))).unwrap_or_default();
        let Some(count) = node.get("at_least") else {
            self.report(
                codes::MISSING_KEY,
                node.place,
                "A join written as a map needs `at_least`, for example `{ at_least: 2 }`.",
            );
            return None;
        };
        let count = self.at("at_least", |this| this.integer(count, 1, 10_000))?;
        Some((Join::AtLeast(count), rest))
    }
}
