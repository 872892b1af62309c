//! One change of one value, carried out on the text and checked.

use serde_json::Value;

use super::EditError;
use super::diff::{Primitive, first_difference};
use super::lay::{Sheet, Splice, apply};
use crate::text::Lines;
use crate::yaml::{MAX_BYTES, Node, read};

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Key(String),
    Index(usize),
}

/// The text that is being edited, with its tree.
pub(super) struct Page {
    pub(super) text: String,
    pub(super) root: Node,
}

impl Page {
    pub(super) fn new(text: String) -> Result<Self, EditError> {
        let (root, faults) = read(&text);
        if let Some(fault) = faults.into_iter().next() {
            let line = Lines::new(&text).line(fault.place.start);
            return Err(EditError::Unreadable { line, message: fault.message });
        }
        match root.filter(|root| root.entries().is_some()) {
            Some(root) => Ok(Self { text, root }),
            None => Err(EditError::Unreadable { line: 1, message: "A workflow is a map of keys and values.".to_owned() }),
        }
    }

    pub(super) fn value(&self) -> Value {
        self.root.to_json()
    }

    /// Makes the text say `target`, which differs from what it says now at or below `path`.
    pub(super) fn make(&mut self, path: &[Segment], target: &Value) -> Result<(), EditError> {
        // Every round settles one entry or item; each has at least two bytes in the text or in the target.
        for _ in 0..20_000 {
            let entangled = || EditError::Entangled { path: dotted(path) };
            let Some((at, primitive)) = first_difference(&self.root, target, path) else {
                return if self.value() == *target { Ok(()) } else { Err(entangled()) };
            };
            let splices = self.splices(&at, &primitive).ok_or_else(entangled)?;
            let expected = primitive.expected(&self.value(), &at).ok_or_else(entangled)?;
            let text = apply(&self.text, splices);
            if text.len() > MAX_BYTES {
                return Err(EditError::TooLarge);
            }
            let page = Page::new(text).map_err(|_| entangled())?;
            if page.value() != expected {
                return Err(entangled());
            }
            *self = page;
        }
        Err(EditError::Entangled { path: dotted(path) })
    }

    fn splices(&self, at: &[Segment], primitive: &Primitive) -> Option<Vec<Splice>> {
        let sheet = Sheet::new(&self.text);
        let (node, flow) = find(&self.root, at)?;
        if node.aliased {
            return None;
        }
        match primitive {
            Primitive::Replace(value) => {
                let (last, parent) = at.split_last()?;
                let (parent, flow) = find(&self.root, parent)?;
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
