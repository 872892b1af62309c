//! The text of a source as a tree that knows its lines, and remembers which of its values were looked at.
//!
//! Invariant: a scalar counts as read only when its value was taken out. Asking for the wrong kind leaves it unread, so
//! that [`Source::unread`] finds everything that an importer passed over. JSON is read as the YAML that it is.
//! Not here: what the keys mean (the importers).

mod read;

use std::cell::Cell;

use serde_json::Value;

use crate::ImportError;
use crate::draft::MAX_STEPS;

pub(crate) use read::resolve_plain;

/// Largest text that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 5_000_000;
/// Deepest nesting: importers and the writer recurse.
pub(crate) const MAX_DEPTH: usize = 64;
/// Most values in a text, aliases unfolded.
pub(crate) const MAX_NODES: usize = 500_000;

/// A read text.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    nodes: Vec<Data>,
}

#[derive(Debug)]
struct Data {
    parent: u32,
    step: Step,
    line: u32,
    content: Content,
    read: Cell<bool>,
}

/// How a node is reached from its parent.
#[derive(Debug, Clone)]
enum Step {
    Root,
    Key(String),
    Index(usize),
}

#[derive(Debug, Clone)]
enum Content {
    /// The text of a scalar, and its value by the YAML 1.2 core schema.
    Scalar(String, Value),
    List(Vec<u32>),
    Map(Vec<u32>),
}

/// A value of a source.
#[derive(Clone, Copy)]
pub(crate) struct Node<'s> {
    source: &'s Source,
    at: u32,
}

impl Source {
    /// Refuses lists of steps that are longer than a workflow may be: importers compare steps with each other.
    pub(crate) fn bounded(&self) -> Result<(), ImportError> {
        for (at, data) in self.nodes.iter().enumerate() {
            let (Content::List(items) | Content::Map(items)) = &data.content else { continue };
            let node = Node { source: self, at: u32::try_from(at).unwrap_or(u32::MAX) };
            let of_steps = matches!(node.key(), "steps" | "jobs" | "do" | "try" | "branches" | "switch" | "tasks" | "inputs");
            if items.len() > MAX_STEPS && of_steps {
                return Err(ImportError::TooLarge {
                    name: self.name.clone(),
                    line: node.line(),
                    message: format!(
                        "`{}` has {} entries, and a workflow has at most {MAX_STEPS} steps; split it",
                        node.key(),
                        items.len()
                    ),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node { source: self, at: 0 }
    }

    /// The topmost values of which nothing was read, in the order of the text.
    pub(crate) fn unread(&self) -> Vec<Node<'_>> {
        let mut found = Vec::new();
        let mut open = vec![self.root()];
        while let Some(node) = open.pop() {
            if node.untouched() {
                found.push(node);
            } else {
                open.extend(node.children().rev());
            }
        }
        found
    }
}

impl<'s> Node<'s> {
    fn data(self) -> &'s Data {
        &self.source.nodes[self.at as usize]
    }

    fn children(self) -> impl DoubleEndedIterator<Item = Node<'s>> {
        let children: &[u32] = match &self.data().content {
            Content::Scalar(..) => &[],
            Content::List(children) | Content::Map(children) => children,
        };
        children.iter().map(move |at| Node { source: self.source, at: *at })
    }

    fn is_leaf(self) -> bool {
        self.children().next().is_none()
    }

    /// Whether nothing of it was read.
    pub(crate) fn untouched(self) -> bool {
        if self.is_leaf() { !self.data().read.get() } else { self.children().all(Node::untouched) }
    }

    fn touch(self) {
        self.data().read.set(true);
    }

    /// Its line, from 1.
    pub(crate) fn line(self) -> u32 {
        self.data().line
    }

    /// The name of the file it stands in.
    pub(crate) fn file(self) -> &'s str {
        &self.source.name
    }

    /// Where it stands, as a JSON pointer (RFC 6901).
    pub(crate) fn path(self) -> String {
        let mut steps = Vec::new();
        let mut node = self;
        loop {
            match &node.data().step {
                Step::Root => break,
                Step::Key(key) => steps.push(key.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => steps.push(index.to_string()),
            }
            node = Node { source: self.source, at: node.data().parent };
        }
        steps.iter().rev().fold(String::new(), |path, step| path + "/" + step)
    }

    /// It and all that is in it, without reading any of it.
    pub(crate) fn all(self) -> Vec<Node<'s>> {
        let mut found = vec![self];
        let mut at = 0;
        while let Some(node) = found.get(at).copied() {
            found.extend(node.children());
            at += 1;
        }
        found
    }

    /// The key under which it stands, empty for what stands in a list.
    pub(crate) fn key(self) -> &'s str {
        match &self.data().step {
            Step::Key(key) => key,
            Step::Root | Step::Index(_) => "",
        }
    }

    pub(crate) fn is_map(self) -> bool {
        matches!(self.data().content, Content::Map(_))
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self.data().content, Content::List(_))
    }

    pub(crate) fn is_null(self) -> bool {
        matches!(self.data().content, Content::Scalar(_, Value::Null))
    }

    /// The value under a key; null counts as absent but as read.
    pub(crate) fn get(self, key: &str) -> Option<Node<'s>> {
        let child = self.peek(key)?;
        if child.is_null() {
            child.touch();
            return None;
        }
        Some(child)
    }

    /// The value under a key, null too.
    pub(crate) fn peek(self, key: &str) -> Option<Node<'s>> {
        self.is_map().then(|| self.children().find(|child| child.key() == key)).flatten()
    }

    pub(crate) fn has(self, key: &str) -> bool {
        self.peek(key).is_some()
    }

    /// The entries of a map; nothing for what is none.
    pub(crate) fn entries(self) -> Vec<(&'s str, Node<'s>)> {
        if !self.is_map() {
            return Vec::new();
        }
        self.touch();
        self.children().map(|child| (child.key(), child)).collect()
    }

    /// The items of a list; nothing for what is none.
    pub(crate) fn items(self) -> Vec<Node<'s>> {
        if !self.is_list() {
            return Vec::new();
        }
        self.touch();
        self.children().collect()
    }

    /// The items of a list, or the one value that stands in place of a list.
    pub(crate) fn items_or_one(self) -> Vec<Node<'s>> {
        if self.is_list() { self.items() } else { vec![self] }
    }

    /// The text of a scalar as written (`1.10` stays `1.10`), null apart.
    pub(crate) fn text(self) -> Option<&'s str> {
        match &self.data().content {
            Content::Scalar(text, value) if !value.is_null() => {
                self.touch();
                Some(text)
            }
            _ => None,
        }
    }

    /// The text of a scalar that is a string.
    pub(crate) fn string(self) -> Option<&'s str> {
        match &self.data().content {
            Content::Scalar(text, Value::String(_)) => {
                self.touch();
                Some(text)
            }
            _ => None,
        }
    }

    pub(crate) fn boolean(self) -> Option<bool> {
        let Content::Scalar(_, Value::Bool(value)) = self.data().content else { return None };
        self.touch();
        Some(value)
    }

    pub(crate) fn number(self) -> Option<f64> {
        let Content::Scalar(_, Value::Number(value)) = &self.data().content else { return None };
        self.touch();
        value.as_f64()
    }

    /// A whole number that is not negative.
    pub(crate) fn whole(self) -> Option<u64> {
        let Content::Scalar(_, Value::Number(value)) = &self.data().content else { return None };
        let whole = value.as_u64()?;
        self.touch();
        Some(whole)
    }

    /// All of it as JSON, all of it read.
    pub(crate) fn value(self) -> Value {
        self.touch();
        match &self.data().content {
            Content::Scalar(_, value) => value.clone(),
            Content::List(_) => self.children().map(Node::value).collect(),
            Content::Map(_) => Value::Object(self.children().map(|child| (child.key().to_owned(), child.value())).collect()),
        }
    }

    /// Marks all of it as read: whoever calls this says in the report what became of it.
    pub(crate) fn take(self) {
        self.touch();
        self.children().for_each(Node::take);
    }

    /// One line that shows what it holds.
    pub(crate) fn shown(self) -> String {
        let full = match &self.data().content {
            Content::Scalar(text, _) => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Content::List(items) => format!("a list of {}", items.len()),
            Content::Map(entries) => {
                let keys: Vec<&str> = entries.iter().take(6).map(|at| Node { source: self.source, at: *at }.key()).collect();
                format!("{{{}}}", keys.join(", "))
            }
        };
        if full.chars().count() > 60 { full.chars().take(59).chain(['…']).collect() } else { full }
    }
}
