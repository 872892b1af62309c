//! What happens to failures: `on_error`, `compensate`, `breaker`.

use super::Decoder;
use super::keys::{BREAKER, COMPENSATE, ERROR_RULE, FALLBACK};
use super::sight::Purpose;
use crate::codes;
use crate::model::{Action, Breaker, Compensation, ErrorAction, ErrorRule};
use crate::yaml::Node;

impl Decoder<'_> {
    pub(super) fn on_error(&mut self, step: &Node, node: &Node) -> Vec<ErrorRule> {
        let Some(items) = node.items() else {
            self.wrong_type(node, "a list of rules such as [{ classes: [transient], do: retry }]");
            return Vec::new();
        };
        let mut rules: Vec<ErrorRule> = Vec::new();
        let mut covering = None;
        for (index, item) in items.iter().enumerate() {
            if let Some(covering) = covering {
                let message = "This rule is never reached: an earlier one is for every failure. Put that one last.";
                let related = self.related(covering, "This rule is for every failure.");
                let fix = self.without_item(node, item.place, "Remove this rule");
                let diagnostic = self.report(codes::UNREACHABLE_RULE, super::first_line(self.text, item.place), message);
                diagnostic.related.push(related);
                diagnostic.fixes.extend(fix);
            }
            let rule = self.at(&index.to_string(), |this| this.reading_to(Purpose::Error, |this| this.error_rule(step, item)));
            if rule.as_ref().is_some_and(|rule| rule.classes.is_empty() && rule.when.is_none()) {
                covering = covering.or(Some(item.place));
            }
            rules.extend(rule);
        }
        rules
    }

    fn error_rule(&mut self, step: &Node, node: &Node) -> Option<ErrorRule> {
        if !self.keys(node, &ERROR_RULE) {
            return None;
        }
        let classes = node.get("classes").and_then(|node| self.at("classes", |this| this.classes(node))).unwrap_or_default();
        let when = node.get("when").and_then(|node| self.at("when", |this| this.condition(node)));
        let word = self.needed(node, "do", "A rule of `on_error`")?;
        let words = ["retry", "fallback", "continue", "skip", "ask", "fail", "compensate"].map(|word| (word, word));
        let word = self.at("do", |this| this.word(word, &words))?;
        for key in ["retry", "fallback"] {
            if let Some(entry) = node.entry(key).filter(|_| word != key) {
                let message = format!("`{key}` belongs to a rule with `do: {key}`; this one says `do: {word}`.");
                self.at(key, |this| this.report(codes::UNKNOWN_KEY, entry.key_place, message).code);
            }
        }
        let then = match word {
            "retry" => ErrorAction::Retry(node.get("retry").and_then(|node| self.at("retry", |this| this.retry(node)))),
            "fallback" => {
                let fallback = self.needed(node, "fallback", "A rule with `do: fallback`")?;
                let action = self.at("fallback", |this| this.fallback(step, fallback))?;
                ErrorAction::Fallback(Box::new(action))
            }
            "continue" => ErrorAction::Continue,
            "skip" => ErrorAction::Skip,
            "ask" => ErrorAction::Ask,
            "compensate" => ErrorAction::Compensate,
            _ => ErrorAction::Fail,
        };
        Some(ErrorRule { classes, when, then })
    }

    /// An action, or the name of another agent for the prompt of the step.
    fn fallback(&mut self, step: &Node, node: &Node) -> Option<Action> {
        if node.string().is_some() {
            if step.get("agent").is_none() {
                self.wrong_type(node, "an action (only a step with `agent` can name another agent here)");
                return None;
            }
            return Some(self.agent_action(step, node));
        }
        self.keys(node, &FALLBACK).then(|| self.lone_action(node, "fallback"))?
    }

    pub(super) fn compensate(&mut self, node: &Node) -> Option<Compensation> {
        if !self.keys(node, &COMPENSATE) {
            return None;
        }
        self.reading_to(Purpose::Undo, |this| {
            Some(Compensation {
                retry: node.get("retry").and_then(|node| this.at("retry", |this| this.retry(node))),
                timeout_ms: node.get("timeout").and_then(|node| this.at("timeout", |this| this.timeout(node))),
                action: this.lone_action(node, "compensation")?,
            })
        })
    }

    pub(super) fn breaker(&mut self, node: &Node) -> Option<Breaker> {
        if !self.keys(node, &BREAKER) {
            return None;
        }
        let failures = self.needed(node, "failures", "`breaker`");
        let cooldown = self.needed(node, "cooldown", "`breaker`");
        let breaker = Breaker {
            failures: failures.and_then(|node| self.at("failures", |this| this.integer(node, 1, 10_000)))?,
            cooldown_ms: cooldown.and_then(|node| self.at("cooldown", |this| this.timeout(node)))?,
            key: node.get("key").and_then(|node| self.at("key", |this| this.string(node))),
        };
        Some(breaker)
    }
}
