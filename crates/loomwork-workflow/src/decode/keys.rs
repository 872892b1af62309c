//! The keys of the language at each place, and what to say of others.

use super::Decoder;
use crate::codes;
use crate::yaml::Node;

/// Keys at one place.
pub(super) struct Keys {
    /// What stands here, for messages.
    pub(super) place: &'static str,
    /// Those that work.
    pub(super) known: &'static [&'static str],
    /// Those that are in the language but not in this version.
    pub(super) later: &'static [&'static str],
}

pub(super) const TOP: Keys = Keys {
    place: "at the top of a workflow",
    known: &[
        "loomwork",
        "id",
        "version",
        "description",
        "inputs",
        "env",
        "defaults",
        "timeout",
        "on_failure",
        "priority",
        "labels",
        "steps",
        "outputs",
    ],
    later: &["secrets", "agents", "servers", "triggers", "concurrency", "profiles", "sla", "alerts"],
};

pub(super) const STEP: Keys = Keys {
    place: "in a step",
    known: &[
        "id",
        "title",
        "description",
        "needs",
        "join",
        "when",
        "retry",
        "timeout",
        "on_restart",
        "run",
        "shell",
        "env",
        "workdir",
        "stdin",
        "output",
        "set",
        "choose",
    ],
    later: &[
        "command",
        "http",
        "tool",
        "container",
        "agent",
        "team",
        "workflow",
        "jq",
        "steps",
        "wait",
        "first_of",
        "approve",
        "emit",
        "cancel",
        "end",
        "for_each",
        "max_parallel",
        "on_item_failure",
        "enough",
        "rest",
        "loop",
        "on_error",
        "compensate",
        "breaker",
        "cache",
        "isolation",
        "resources",
        "runs_on",
        "priority",
        "sla",
        "pin",
        "artifacts",
        "prompt",
        "tools",
        "budget",
        "output_schema",
        "outputs",
    ],
};

/// The actions among the later keys: a step with one of them does not lack an action.
pub(super) const LATER_ACTIONS: &[&str] = &[
    "command",
    "http",
    "tool",
    "container",
    "agent",
    "team",
    "workflow",
    "jq",
    "steps",
    "wait",
    "first_of",
    "approve",
    "emit",
    "cancel",
    "end",
];

pub(super) const INPUT: Keys =
    Keys { place: "in an input", known: &["type", "required", "default", "enum", "description"], later: &["schema"] };

pub(super) const DEFAULTS: Keys = Keys { place: "in `defaults`", known: &["timeout", "retry"], later: &[] };

pub(super) const RETRY: Keys = Keys {
    place: "in `retry`",
    known: &["attempts", "backoff", "initial", "factor", "max", "jitter", "classes", "max_elapsed"],
    later: &[],
};

pub(super) const JOIN: Keys = Keys { place: "in `join`", known: &["at_least", "rest"], later: &[] };

pub(super) const OUTPUT: Keys = Keys { place: "in `output`", known: &["from", "as"], later: &[] };

impl Decoder<'_> {
    /// Reports keys that are not known here. False when the node is no map.
    pub(super) fn keys(&mut self, node: &Node, keys: &Keys) -> bool {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "a map");
            return false;
        };
        for entry in entries {
            let key = entry.key.as_str();
            if keys.known.contains(&key) {
                continue;
            }
            if keys.later.contains(&key) {
                self.at(key, |this| {
                    let message = format!("`{key}` is part of the language, but not supported by this version.");
                    this.report(codes::NOT_SUPPORTED, entry.key_place, message);
                });
                continue;
            }
            let nearest = crate::nearest(key, keys.known.iter().chain(keys.later).copied());
            let message = match &nearest {
                Some(nearest) => format!("`{key}` is not a key {}. Did you mean `{nearest}`?", keys.place),
                None => format!("`{key}` is not a key {}. Known are {}.", keys.place, keys.known.join(", ")),
            };
            let fix = nearest.map(|nearest| self.replacement(format!("Rename to `{nearest}`"), entry.key_place, nearest));
            self.at(key, |this| {
                this.report(codes::UNKNOWN_KEY, entry.key_place, message).fixes.extend(fix);
            });
        }
        true
    }
}
