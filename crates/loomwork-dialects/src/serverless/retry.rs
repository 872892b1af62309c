//! `catch.retry`.

use super::Importing;
use crate::duration;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

/// Attempts when the source sets no limit.
const ATTEMPTS: u64 = 10;

impl<'s> Importing<'s, '_> {
    pub(super) fn retry(&self, node: Node<'s>) -> Map {
        let named = node
            .string()
            .map(|name| (name, self.usable.and_then(|usable| usable.get("retries")).and_then(|retries| retries.get(name))));
        let policy = match named {
            Some((_, Some(policy))) => policy,
            Some((name, None)) => {
                self.report.dropped(node, format!("there is no retry policy `{name}` under `use`: two retries were put"));
                return Map::new().with("attempts", 3);
            }
            None => node,
        };
        let limit = policy.get("limit");
        let attempt = limit.and_then(|limit| limit.get("attempt"));
        let count = attempt.and_then(|attempt| attempt.get("count")).and_then(Node::whole);
        if count.is_none() {
            self.report.approximated(policy, format!("it sets no number of attempts; {ATTEMPTS} were put"));
        }
        let mut map = Map::new().with("attempts", Yaml::from(count.unwrap_or(ATTEMPTS).clamp(1, 1_000)));
        if let Some(backoff) = policy.get("backoff") {
            let word = ["constant", "linear", "exponential"].into_iter().find(|word| backoff.has(word));
            map.put_some("backoff", word);
            if let Some(detail) = word.and_then(|word| backoff.peek(word)) {
                if detail.is_null() || (detail.is_map() && detail.entries().is_empty()) {
                    detail.take();
                } else {
                    self.report.dropped(
                        detail,
                        format!("the details of the backoff ({}) are left out: `factor` and `max` can be set", detail.shown()),
                    );
                }
            }
        }
        let span = |node: Node<'s>| self.span(node).filter(|ms| *ms > 0).map(duration::text);
        map.put_some("initial", policy.get("delay").and_then(span));
        if let Some(jitter) = policy.get("jitter") {
            self.report.dropped(jitter, "how much the delay varies is left out: `jitter: full` was put");
            map.put("jitter", "full");
        }
        if let Some(each) = attempt.and_then(|attempt| attempt.peek("duration")) {
            self.report.dropped(each, "how long one attempt may take is the `timeout` of its steps");
        }
        map.put_some("max_elapsed", limit.and_then(|limit| limit.get("duration")).and_then(span));
        for key in ["when", "exceptWhen"] {
            self.report.drop_key(policy, key, "which errors are retried is said by `classes`");
        }
        map
    }
}
