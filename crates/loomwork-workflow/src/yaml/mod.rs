//! YAML as a tree of nodes that know their places in the text.
//!
//! Invariant: every place is a range of the text that was read, and the tree is never larger or deeper than the bounds
//! below. Not here: what the keys mean (`decode`).

mod core_schema;
mod fault;
mod places;
mod read;
mod reading;
mod removal;
mod surrogates;

use serde_json::Value;

use crate::text::Place;

pub(crate) use core_schema::{is_plain_text, resolve_plain};
pub(crate) use fault::{Fault, FaultKind};
pub(crate) use places::behind_bracket;
pub(crate) use read::read;
pub(crate) use reading::{Before, Reading, Same};
pub(crate) use removal::{entry_removal, item_removal};

/// Largest text that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 5_000_000;
/// Most nodes in a text.
pub(crate) const MAX_NODES: usize = 500_000;
/// Deepest nesting.
pub(crate) const MAX_DEPTH: usize = 128;
/// Most aliases in a text.
pub(crate) const MAX_ALIASES: usize = 1_000;
/// Most nodes that aliases may unfold to.
pub(crate) const MAX_EXPANDED: usize = 100_000;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// A scalar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    /// Its text, unescaped.
    pub(crate) text: String,
    /// How it is written.
    pub(crate) style: Style,
    /// Whether a tag says that it is a string whatever it looks like.
    pub(crate) tagged_string: bool,
}

impl Scalar {
    /// Whether its value is text.
    pub(crate) fn is_text(&self) -> bool {
        self.style != Style::Plain || self.tagged_string || is_plain_text(&self.text)
    }

    /// Its value by the YAML 1.2 core schema.
    pub(crate) fn value(&self) -> Value {
        if self.style == Style::Plain && !self.tagged_string {
            resolve_plain(&self.text)
        } else {
            Value::String(self.text.clone())
        }
    }
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Where it stands: of an alias the alias itself, of a block scalar from its header on.
    pub(crate) place: Place,
    /// What it holds.
    pub(crate) content: Content,
    /// Whether it is written in flow style (`[…]`, `{…}`); false for scalars.
    pub(crate) flow: bool,
    /// Whether it came through an alias, so that its parts are written elsewhere.
    pub(crate) aliased: bool,
    /// Whether it carries an anchor, so that a change shows elsewhere too.
    pub(crate) anchored: bool,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().and_then(|entries| entries.iter().find(|entry| entry.key == key))
    }

    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Its text when it is a string (a number or a boolean is none).
    pub(crate) fn string(&self) -> Option<String> {
        self.scalar().filter(|scalar| scalar.is_text()).map(|scalar| scalar.text.clone())
    }

    /// Its value as JSON.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(scalar) => scalar.value(),
            Content::List(items) => items.iter().map(Node::to_json).collect(),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect())
            }
        }
    }

    /// Whether some text in it contains a text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        match &self.content {
            Content::Scalar(scalar) => scalar.text.contains(text),
            Content::List(items) => items.iter().any(|item| item.holds(text)),
            Content::Map(entries) => entries.iter().any(|entry| entry.value.holds(text)),
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::List(items) if items.is_empty() => "an empty list",
            Content::List(_) => "a list",
            Content::Map(entries) if entries.is_empty() => "an empty map",
            Content::Map(_) => "a map",
            Content::Scalar(scalar) if scalar.text.is_empty() && scalar.style != Style::Plain => "empty text",
            Content::Scalar(scalar) if scalar.text.trim().is_empty() && scalar.style != Style::Plain => "blank text",
            Content::Scalar(scalar) => match scalar.value() {
                Value::Null => "nothing",
                Value::Bool(_) => "true or false",
                Value::Number(_) => "a number",
                _ => "text",
            },
        }
    }
}
