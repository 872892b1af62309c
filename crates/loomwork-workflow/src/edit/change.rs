//! One change of one value, carried out on the text and checked.

use serde_json::Value;

use super::EditError;
use super::diff::{Primitive, first_difference};
use super::lay::{Sheet, Splice, apply};
use crate::text::Lines;
use crate::yaml::{Before, MAX_BYTES, Node, Reading};

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Key(String),
    Index(usize),
}

/// The text that is being edited, with its tree, which is a map.
#[derive(Debug, Default)]
pub(super) struct Page {
    reading: Reading,
}

impl Page {
    pub(super) fn new(text: &str) -> Result<Self, EditError> {
        let mut page = Self::default();
        page.open(text)?;
        Ok(page)
    }

    /// The page of a text that was read, or of a version of it.
    pub(super) fn of(reading: Reading) -> Self {
        Self { reading }
    }

    pub(super) fn into_reading(self) -> Reading {
        self.reading
    }

    /// Reads a text that a person wrote.
    pub(super) fn open(&mut self, text: &str) -> Result<(), EditError> {
        self.reading.update(text);
        let (root, faults) = self.reading.outcome();
        if let Some(fault) = faults.first() {
            let line = Lines::new(text).line(fault.place.start);
            return Err(EditError::Unreadable { line, message: fault.message.clone() });
        }
        match root.and_then(Node::entries) {
            Some(_) => Ok(()),
            None => Err(EditError::Unreadable { line: 1, message: "A workflow is a map of keys and values.".to_owned() }),
        }
    }

    pub(super) fn reading(&self) -> &Reading {
        &self.reading
    }

    pub(super) fn text(&self) -> &str {
        self.reading.text()
    }

    pub(super) fn root(&self) -> &Node {
        self.reading.outcome().0.expect("a page has a tree from when it is opened")
    }

    pub(super) fn value(&self) -> Value {
        self.root().to_json()
    }

    /// What stands at a path.
    pub(super) fn value_at(&self, path: &[Segment]) -> Option<Value> {
        reach(self.root(), path).map(Node::to_json)
    }

    /// Takes another text, when it says `expected`.
    pub(super) fn becomes(&mut self, text: &str, expected: &Value) -> bool {
        self.turns(text, |_, now| now.to_json() == *expected)
    }

    /// Takes another text, when it is what it should be by the tree before and its own.
    fn turns(&mut self, text: &str, fits: impl FnOnce(&Before, &Node) -> bool) -> bool {
        let old = self.text().to_owned();
        let before = self.reading.turn(text);
        let (root, faults) = self.reading.outcome();
        let right = faults.is_empty() && root.is_some_and(|now| now.entries().is_some() && fits(&before, now));
        if !right {
            self.reading.update(&old);
        }
        right
    }

    /// Makes the text say `target`, which differs from what it says now at or below `path`.
    pub(super) fn make(&mut self, path: &[Segment], target: &Value) -> Result<(), EditError> {
        self.make_at(&[], path, target)
    }

    /// Makes the text say `target` at `base`; it differs from what is there at or below `path`, which begins with `base`.
    pub(super) fn make_at(&mut self, base: &[Segment], path: &[Segment], target: &Value) -> Result<(), EditError> {
        let entangled = || EditError::Entangled { path: dotted(path) };
        // Every round settles one entry or item; each has at least two bytes in the text or in the target.
        for _ in 0..20_000 {
            let node = reach(self.root(), base).ok_or_else(entangled)?;
            let Some((at, primitive)) = first_difference(node, target, base, path) else {
                return if node.to_json() == *target { Ok(()) } else { Err(entangled()) };
            };
            self.carry_out(&at, &primitive, entangled)?;
        }
        Err(entangled())
    }

    /// Makes one change, and nothing else.
    pub(super) fn carry_out(
        &mut self,
        at: &[Segment],
        primitive: &Primitive,
        entangled: impl Fn() -> EditError,
    ) -> Result<(), EditError> {
        let splices = self.splices(at, primitive).ok_or_else(&entangled)?;
        let text = apply(self.text(), splices);
        if text.len() > MAX_BYTES {
            return Err(EditError::TooLarge);
        }
        let right = self.turns(&text, |before, now| primitive.is_all(before, now, at));
        if right { Ok(()) } else { Err(entangled()) }
    }

    fn splices(&self, at: &[Segment], primitive: &Primitive) -> Option<Vec<Splice>> {
        let sheet = Sheet::new(self.text());
        let (node, flow) = find(self.root(), at)?;
        if node.aliased {
            return None;
        }
        match primitive {
            Primitive::Replace(value) => {
                let (last, parent) = at.split_last()?;
                let (parent, flow) = find(self.root(), parent)?;
                if parent.aliased {
                    return None;
                }
                match last {
                    Segment::Key(key) => sheet.replace_value(parent.entry(key)?, value, flow || parent.flow),
                    Segment::Index(index) => sheet.replace_item(parent, *index, value, flow || parent.flow),
                }
            }
            Primitive::InsertEntry { after, key, value } => {
                let after = after.as_ref().and_then(|after| node.entry(after));
                sheet.insert_entry(node, after, key, value, flow || node.flow)
            }
            Primitive::RemoveEntry { key } => {
                let index = node.entries()?.iter().position(|entry| entry.key == *key)?;
                sheet.remove_entry(node, index, flow || node.flow)
            }
            Primitive::InsertItem { index, value } => sheet.insert_item(node, *index, value, flow || node.flow),
            Primitive::RemoveItem { index } => sheet.remove_item(node, *index, flow || node.flow),
        }
    }
}

/// The node at a path, wherever it is written.
pub(super) fn reach<'n>(root: &'n Node, path: &[Segment]) -> Option<&'n Node> {
    path.iter().try_fold(root, |node, segment| match segment {
        Segment::Key(key) => node.get(key),
        Segment::Index(index) => node.items()?.get(*index),
    })
}

/// The node at a path, and whether it stands inside a flow collection.
pub(super) fn find<'n>(root: &'n Node, path: &[Segment]) -> Option<(&'n Node, bool)> {
    let (mut node, mut flow) = (root, false);
    for segment in path {
        if node.aliased {
            return None;
        }
        flow |= node.flow;
        node = match segment {
            Segment::Key(key) => node.get(key)?,
            Segment::Index(index) => node.items()?.get(*index)?,
        };
    }
    Some((node, flow))
}

pub(super) fn dotted(path: &[Segment]) -> String {
    let words: Vec<String> = path
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => key.clone(),
            Segment::Index(index) => index.to_string(),
        })
        .collect();
    words.join(".")
}
