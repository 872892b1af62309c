//! The keys of the language at each place: what stands under each, what it means, and what to say of others.
//!
//! Invariant: a key that decoding takes stands in a table, with its shape and its documentation. The JSON Schema, completion
//! and hover are made from the same tables; tests hold decoding and schema together, key by key.
//! Not here: the schema (`schema`), and what a value of the right shape may still be wrong about (the rest of `decode`).

mod actions;
mod operation;
mod settings;
mod step;
mod top;

use super::Decoder;
use crate::codes;
use crate::yaml::Node;

pub(crate) use actions::*;
pub(crate) use operation::*;
pub(crate) use settings::*;
pub(crate) use step::*;
pub(crate) use top::*;

/// Keys at one place.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Name of the table, as the schema has it.
    pub(crate) name: &'static str,
    /// What stands here, for messages.
    pub(crate) place: &'static str,
    /// The names of the keys.
    pub(crate) known: &'static [&'static str],
    /// The keys.
    pub(crate) keys: &'static [Key],
    /// Those that must be there.
    pub(crate) needs: &'static [&'static str],
    /// Those of which exactly one must be there; none when there is no such choice.
    pub(crate) one_of: &'static [&'static str],
}

/// A key, what stands under it, and what it means.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) doc: &'static str,
}

/// What stands under a key, as far as it can be told without the rest of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Any value, with expressions in its strings.
    Any,
    /// What stands under the key of this name in a step.
    AsInStep,
    /// Nothing: the key is known here only to say why it cannot stand here.
    Refused,
    /// The language version.
    Version,
    /// Text; an unquoted number or boolean is none.
    Text,
    /// Any scalar, taken as the text that is written.
    Scalar,
    /// A name that expressions use.
    Name,
    /// The id of a workflow.
    WorkflowId,
    Boolean,
    /// A whole number in a range.
    Integer(u32, u32),
    /// A number of at least this, and of at most that.
    Number(f64, f64),
    /// A number above 0.
    Positive,
    /// A size such as `512MB`.
    Bytes,
    /// A duration such as `1h30m`.
    Duration,
    /// An address that a request can go to, or an expression that gives one.
    Address,
    /// A status of HTTP, or a class of them such as `2xx`.
    Status,
    /// One of a few words.
    Words(&'static [&'static str]),
    /// `true` or `false`, or one whole expression.
    Condition,
    /// Text with an expression in it.
    Expression,
    /// A JSON Schema.
    Schema,
    /// A list.
    List(&'static Shape),
    /// A list of at least one.
    NonEmpty(&'static Shape),
    /// A map from any names.
    Map(&'static Shape),
    /// A map from names that expressions use.
    Names(&'static Shape),
    /// A map from any names with at least one entry.
    Cases(&'static Shape),
    /// The cases of a `choose`, with a name under `else`.
    Choose,
    /// A command line with `{0}` for the path of a script.
    ShellCommand,
    /// One of several.
    Either(&'static [Shape]),
    /// A map with the keys of a table.
    Table(&'static Keys),
    /// The steps of a scope.
    Steps,
}

/// Tables of keys: name, place, what is needed, then `key: shape, documentation;`.
macro_rules! keys {
    ($($name:ident $place:literal $(needs [$($needed:literal)*])? $(one_of [$choice:expr])? {
        $($key:literal: $shape:expr, $doc:literal;)*
    })*) => {
        $(pub(crate) const $name: Keys = Keys {
            name: stringify!($name),
            place: $place,
            known: &[$($key),*],
            keys: &[$(Key { name: $key, shape: $shape, doc: $doc }),*],
            needs: &[$($($needed),*)?],
            one_of: keys!(@choice $($choice)?),
        };)*
    };
    (@choice) => { &[] };
    (@choice $choice:expr) => { $choice };
}
pub(crate) use keys;

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
pub(crate) const FIELDS: &[(&str, &[&str])] = &[
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

/// Keys of a step that stand only beside one of some others.
pub(crate) const BESIDE: &[(&str, &[&str])] = &[
    ("on_item_failure", &["for_each"]),
    ("enough", &["for_each"]),
    ("rest", &["enough"]),
    ("max_parallel", &["for_each", "steps"]),
];

/// What other languages of workflows call a key, and the name that it has here.
const ELSEWHERE: &[(&str, &str)] =
    &[("if", "when"), ("name", "title"), ("depends_on", "needs"), ("dependsOn", "needs"), ("script", "run")];

/// Keys of a step that another one needs beside it.
pub(crate) const ACCOMPANIED: &[(&str, &str)] = &[("agent", "prompt")];

impl Keys {
    /// Whether one of the names could be added to a map as it is.
    fn could_stand(&self, name: &str, map: &Node) -> bool {
        let there = |key: &&str| map.get(key).is_some();
        let refused = self.keys.iter().any(|key| key.name == name && matches!(key.shape, Shape::Refused));
        let other = self.one_of.contains(&name) && self.one_of.iter().any(there);
        let of_step = |key: &str| self.known.contains(&key);
        let foreign = FIELDS.iter().any(|(field, owners)| {
            *field == name && of_step(ACTIONS[0]) && ACTIONS.iter().any(there) && !owners.iter().any(there)
        });
        let alone = BESIDE.iter().any(|(key, others)| *key == name && of_step(others[0]) && !others.iter().any(there));
        !(there(&name) || refused || other || foreign || alone)
    }
}

impl Decoder<'_> {
    /// Reports keys that are not known here. False when the node is no map.
    pub(super) fn keys(&mut self, node: &Node, keys: &Keys) -> bool {
        let Some(entries) = node.entries() else {
            self.no_map(node, keys);
            return false;
        };
        let mut free: Option<Vec<&str>> = None;
        for entry in entries {
            let key = entry.key.as_str();
            if keys.known.contains(&key) {
                continue;
            }
            let free =
                free.get_or_insert_with(|| keys.known.iter().copied().filter(|name| keys.could_stand(name, node)).collect());
            let translated = ELSEWHERE.iter().find(|(word, name)| *word == key && free.contains(name));
            let nearest = translated.map(|(_, name)| (*name).to_owned()).or_else(|| crate::nearest(key, free.iter().copied()));
            // What is offered for one key is not offered for another.
            free.retain(|name| nearest.as_deref() != Some(name));
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

    /// Reports a value where a map with some keys stands; when one of them says it all, with what to write.
    fn no_map(&mut self, node: &Node, keys: &Keys) {
        let main = match (keys.name, keys.needs, keys.one_of) {
            ("INPUT", ..) => Some("type"),
            ("RETRY", ..) => Some("attempts"),
            ("WAIT", ..) => Some("for"),
            // `end: done` means nothing: an end without `failed` is written otherwise.
            ("END", ..) => None,
            (_, [one], []) => Some(*one),
            _ => None,
        };
        let written = node.scalar().filter(|scalar| !scalar.text.is_empty()).and_then(|scalar| {
            let raw = node.place.slice(self.text);
            let plain = raw == scalar.text && !raw.contains([',', '[', ']', '{', '}', '#']) && !raw.contains(": ");
            let quoted = raw.starts_with(['"', '\'']);
            let value = if plain || quoted { raw.to_owned() } else { serde_json::Value::from(scalar.text.as_str()).to_string() };
            (!raw.contains('\n')).then(|| format!("{{ {}: {value} }}", main.unwrap_or_default()))
        });
        let written = written.filter(|_| main.is_some() && !node.aliased && !node.anchored);
        let fix = written.as_ref().map(|written| self.replacement(format!("Write `{written}`"), node.place, written.clone()));
        let diagnostic = self.wrong_type(node, "a map");
        if let Some(main) = main {
            let shape = written.unwrap_or_else(|| format!("{{ {main}: … }}"));
            diagnostic.message.push_str(&format!(" Write `{shape}`."));
        }
        diagnostic.fixes.extend(fix);
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
