//! The keys of the language at each place, and what to say of others.

use super::Decoder;
use crate::codes;
use crate::yaml::Node;

/// Keys at one place.
pub(super) struct Keys {
    /// What stands here, for messages.
    pub(super) place: &'static str,
    /// The keys.
    pub(super) known: &'static [&'static str],
}

/// The keys that say what a step does.
pub(crate) const ACTIONS: &[&str] = &[
    "run",
    "command",
    "http",
    "tool",
    "container",
    "agent",
    "team",
    "workflow",
    "set",
    "jq",
    "choose",
    "steps",
    "wait",
    "first_of",
    "approve",
    "emit",
    "cancel",
    "end",
];

/// Keys of a step that belong to some actions only.
pub(super) const FIELDS: &[(&str, &[&str])] = &[
    ("shell", &["run"]),
    ("env", &["run", "command"]),
    ("workdir", &["run", "command"]),
    ("stdin", &["run", "command"]),
    ("output", &["run", "command"]),
    ("artifacts", &["run", "command"]),
    ("prompt", &["agent"]),
    ("tools", &["agent"]),
    ("budget", &["agent"]),
    ("output_schema", &["agent"]),
    ("outputs", &["steps"]),
];

/// Keys of a step that say something about its `for_each`.
pub(super) const EACH_FIELDS: &[&str] = &["on_item_failure", "enough", "rest"];

macro_rules! keys {
    ($($name:ident $place:literal [$($key:literal)*])*) => {
        $(pub(super) const $name: Keys = Keys { place: $place, known: &[$($key),*] };)*
    };
}

keys! {
    TOP "at the top of a workflow" [
        "loomwork" "id" "version" "description" "inputs" "env" "secrets" "defaults" "agents" "servers" "triggers" "concurrency"
        "profiles" "timeout" "priority" "on_failure" "sla" "alerts" "labels" "steps" "outputs"
    ]
    STEP "in a step" [
        "id" "title" "description" "needs" "join" "when" "retry" "timeout" "on_restart" "on_error" "compensate" "breaker" "cache"
        "isolation" "resources" "runs_on" "priority" "sla" "pin" "for_each" "max_parallel" "on_item_failure" "enough" "rest" "loop"
        "run" "command" "http" "tool" "container" "agent" "team" "workflow" "set" "jq" "choose" "steps" "wait" "first_of" "approve"
        "emit" "cancel" "end" "shell" "env" "workdir" "stdin" "output" "artifacts" "prompt" "tools" "budget" "output_schema" "outputs"
    ]
    INPUT "in an input" ["type" "required" "default" "enum" "description" "schema"]
    DEFAULTS "in `defaults`" ["timeout" "retry"]
    RETRY "in `retry`" ["attempts" "backoff" "initial" "factor" "max" "jitter" "classes" "max_elapsed"]
    JOIN "in `join`" ["at_least" "rest"]
    OUTPUT "in `output`" ["from" "as"]
    LOOP "in `loop`" ["while" "until" "break_when" "max"]
    WAIT "in a wait" ["for" "until" "event" "match" "timeout"]
    APPROVE "in `approve`" ["message" "form" "timeout" "on_timeout"]
    EMIT "in `emit`" ["event" "data"]
    CALL "in `workflow`" ["id" "inputs" "wait" "detach"]
    END "in `end`" ["failed"]
    ERROR_RULE "in a rule of `on_error`" ["classes" "when" "do" "retry" "fallback"]
    COMPENSATE "in `compensate`" [
        "retry" "timeout" "run" "command" "http" "tool" "container" "agent" "workflow" "set" "jq" "emit" "choose" "steps" "wait" "first_of" "approve" "cancel" "end" "team" "shell" "env" "workdir" "stdin"
        "output" "artifacts" "prompt" "tools" "budget" "output_schema"
    ]
    FALLBACK "in a fallback" [
        "run" "command" "http" "tool" "container" "agent" "workflow" "set" "jq" "emit" "choose" "steps" "wait" "first_of" "approve" "cancel" "end" "team" "shell" "env" "workdir" "stdin" "output"
        "artifacts" "prompt" "tools" "budget" "output_schema"
    ]
    BREAKER "in `breaker`" ["failures" "cooldown" "key"]
    CONCURRENCY "in `concurrency`" ["group" "max" "on_conflict"]
    HTTP "in `http`" ["method" "url" "query" "headers" "auth" "json" "text" "form" "expect" "follow_redirects" "timeout"]
    HTTP_EXPECT "in `expect`" ["status" "schema"]
    HTTP_AUTH "in `auth`" ["bearer" "basic"]
    HTTP_BASIC "in `basic`" ["user" "password"]
    TOOL "in `tool`" ["server" "name" "arguments"]
    CONTAINER "in `container`" [
        "image" "command" "env" "volumes" "workdir" "stdin" "cpu" "memory" "network" "output"
    ]
    TEAM "in `team`" ["strategy" "agents" "prompt" "tools" "budget" "rounds" "output_schema"]
    AGENT "in an agent" ["model" "system" "tools" "budget" "temperature" "description"]
    BUDGET "in `budget`" ["turns" "tokens" "cost"]
    SERVER "in a server" ["command" "env" "workdir" "url" "headers" "description" "timeout"]
    TRIGGER "in a trigger" ["id" "schedule" "file" "webhook" "event" "run_finished" "inputs" "when"]
    SCHEDULE "in `schedule`" ["cron" "time_zone" "catch_up"]
    FILE_TRIGGER "in `file`" ["path" "debounce"]
    WEBHOOK "in `webhook`" ["path" "secret"]
    EVENT_TRIGGER "in `event`" ["name" "match"]
    RUN_FINISHED "in `run_finished`" ["workflow" "status"]
    PROFILE "in a profile" ["env" "agents" "servers" "defaults"]
    SLA "in `sla`" ["within" "action"]
    ALERT "in an alert" ["on" "run" "http" "emit"]
    CACHE "in `cache`" ["key" "ttl" "files"]
    RESOURCES "in `resources`" ["cpu" "memory" "slots"]
    JQ "in `jq`" ["program" "input"]
}

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
            let nearest = crate::nearest(key, keys.known.iter().copied());
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

    /// The value under a key, or a report that it is missing.
    pub(super) fn needed<'n>(&mut self, node: &'n Node, key: &str, what: &str) -> Option<&'n Node> {
        let found = node.get(key);
        if found.is_none() {
            let place = super::first_line(self.text, node.place);
            self.report(codes::MISSING_KEY, place, format!("{what} needs `{key}`."));
        }
        found
    }
}
