//! The file `engine.yaml`.

use super::Decoder;
use super::keys::{CHECKPOINTS, LOGS, MACHINE, RETAINED, RETENTION, SETTINGS};
use crate::bytes::parse_bytes;
use crate::codes;
use crate::settings::{
    CheckpointSettings, Durability, EngineSettings, RemovalAction, ResourceSettings, RetentionRule, RetentionSettings,
};
use crate::yaml::{Entry, Node};

/// Decodes the file; what it does not say is as by default.
pub(crate) fn decode(decoder: &mut Decoder<'_>, root: &Node) -> EngineSettings {
    let mut settings = EngineSettings::default();
    // A file of comments alone.
    if root.to_json().is_null() || !decoder.keys(root, &SETTINGS) {
        return settings;
    }
    for entry in root.entries().unwrap_or_default() {
        let node = &entry.value;
        decoder.at(&entry.key, |this| match entry.key.as_str() {
            "concurrency" => settings.concurrency = this.integer(node, 1, 10_000),
            "concurrency_per_workflow" => settings.concurrency_per_workflow = this.integer(node, 1, 10_000),
            "defaults" => settings.defaults = this.defaults(node),
            "checkpoints" => this.checkpoints(node, &mut settings.checkpoints),
            "dead_letter_after" => this.duration(node).into_iter().for_each(|ms| settings.dead_letter_after_ms = ms),
            "logs" if this.keys(node, &LOGS) => {
                let keep = node.get("keep_for");
                settings.logs_keep_for_ms = keep.and_then(|node| this.at("keep_for", |this| this.duration(node)));
            }
            "retention" => this.retention(node, &mut settings.retention),
            "durability" => {
                let known = [("full", Durability::Full), ("normal", Durability::Normal)];
                settings.durability = this.word(node, &known).unwrap_or_default();
            }
            "resources" => this.machine(node, &mut settings.resources),
            _ => {}
        });
    }
    settings
}

impl Decoder<'_> {
    fn checkpoints(&mut self, node: &Node, checkpoints: &mut CheckpointSettings) {
        if !self.keys(node, &CHECKPOINTS) {
            return;
        }
        for Entry { key, value, .. } in node.entries().unwrap_or_default() {
            self.at(key, |this| match key.as_str() {
                "every" => this.integer(value, 10, 1_000_000).into_iter().for_each(|n| checkpoints.every = n),
                "keep" => this.integer(value, 1, 10_000).into_iter().for_each(|n| checkpoints.keep = n),
                "keep_for" => this.duration(value).into_iter().for_each(|ms| checkpoints.keep_for_ms = ms),
                _ => {}
            });
        }
    }

    fn retention(&mut self, node: &Node, retention: &mut RetentionSettings) {
        if !self.keys(node, &RETENTION) {
            return;
        }
        let entries = node.entries().unwrap_or_default();
        let mut rule = RetentionRule::default();
        for Entry { key, value, .. } in entries {
            self.at(key, |this| this.retained(key, value, &mut rule));
        }
        // What is said of one way of ending holds in place of what is said of all, key by key.
        *retention = RetentionSettings { succeeded: rule, failed: rule, cancelled: rule, compensated: rule };
        for Entry { key, value, .. } in entries {
            let rule = match key.as_str() {
                "succeeded" => &mut retention.succeeded,
                "failed" => &mut retention.failed,
                "cancelled" => &mut retention.cancelled,
                "compensated" => &mut retention.compensated,
                _ => continue,
            };
            self.at(key, |this| {
                if this.keys(value, &RETAINED) {
                    for Entry { key, value, .. } in value.entries().unwrap_or_default() {
                        this.at(key, |this| this.retained(key, value, rule));
                    }
                }
            });
        }
    }

    fn retained(&mut self, key: &str, value: &Node, rule: &mut RetentionRule) {
        match key {
            "action" => {
                let known = [("archive", RemovalAction::Archive), ("purge", RemovalAction::Purge)];
                rule.action = self.word(value, &known).unwrap_or_default();
            }
            "keep_for" => rule.keep_for_ms = self.duration(value),
            "keep" => rule.keep = self.integer(value, 0, 1_000_000),
            _ => {}
        }
    }

    /// Any name is a kind; `cpu` and `memory` are known.
    fn machine(&mut self, node: &Node, resources: &mut ResourceSettings) {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "a map");
            return;
        };
        for Entry { key, key_place, value } in entries {
            self.at(key, |this| match key.as_str() {
                "cpu" => resources.cpu = this.amount(value, "a number of processors above 0"),
                "memory" => {
                    this.bytes(value);
                    resources.memory_bytes = value.scalar().and_then(|scalar| parse_bytes(&scalar.text));
                }
                _ if MACHINE.known.contains(&key.as_str()) => {}
                // A step that names it as its own key could never be told from the slots of the engine.
                "slots" => {
                    let message = "The number of slots is said by `concurrency`, at the top of the file.";
                    this.report(codes::UNKNOWN_KEY, *key_place, message);
                }
                kind if !super::is_valid_step_id(kind) => {
                    let message = format!("`{kind}` cannot be the name of a kind: letters, digits and `_`, not a digit first.");
                    this.report(codes::BAD_ID, *key_place, message);
                }
                kind => {
                    if let Some(amount) = this.amount(value, "an amount above 0") {
                        resources.kinds.insert(kind.to_owned(), amount);
                    }
                }
            });
        }
    }

    fn amount(&mut self, node: &Node, what: &str) -> Option<f64> {
        self.positive(node, what);
        node.scalar().and_then(|scalar| scalar.value().as_f64())
    }
}
