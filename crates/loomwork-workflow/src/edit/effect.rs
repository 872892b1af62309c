//! What a change did to a tree: exactly what it meant, or not.
//!
//! Trees are compared by what they say: where something is written and the order of keys do not count. Items that were not
//! read anew say what they said.

use super::change::Segment;
use super::diff::Primitive;
use crate::yaml::{Before, Content, Node, Same};

impl Primitive {
    /// Whether the tree says what the one before said but for this change at a path.
    pub(super) fn is_all(&self, before: &Before, now: &Node, path: &[Segment]) -> bool {
        let Some(old) = &before.root else { return false };
        self.follows(Pair { old, now, same: &before.same, top: true }, path)
    }

    fn follows(&self, pair: Pair<'_>, path: &[Segment]) -> bool {
        let Some((segment, rest)) = path.split_first() else { return self.is_done(pair) };
        match segment {
            Segment::Key(key) => {
                pair.old.get(key).is_some()
                    && pair.entries(None, |name, inner| if name == key { self.follows(inner, rest) } else { inner.is_same() })
            }
            Segment::Index(index) => {
                pair.lengths().is_some_and(|(old, now)| old == now && *index < old)
                    && pair.items(&|at| Some(at), |at, inner| match inner {
                        Some(inner) if at == *index => self.follows(inner, rest),
                        // It stands where it stood, so nothing is changed in it.
                        None => at != *index,
                        Some(inner) => inner.is_same(),
                    })
            }
        }
    }

    /// Whether the change is all between two nodes at its path.
    fn is_done(&self, pair: Pair<'_>) -> bool {
        let same = |_: usize, inner: Option<Pair<'_>>| inner.is_none_or(Pair::is_same);
        let lengths = pair.lengths();
        match self {
            Self::Replace(value) => pair.now.to_json() == *value,
            Self::InsertEntry { key, value, .. } => {
                pair.old.get(key).is_none()
                    && pair.now.get(key).is_some_and(|now| now.to_json() == *value)
                    && pair.entries(Some(key), |_, inner| inner.is_same())
            }
            Self::RemoveEntry { key } => {
                let left = |entries: &[crate::yaml::Entry]| entries.iter().filter(|entry| entry.key != *key).count();
                let count = |node: &Node| node.entries().map(left);
                pair.now.get(key).is_none()
                    && count(pair.old) == count(pair.now)
                    && pair.old.entries().unwrap_or_default().iter().filter(|entry| entry.key != *key).all(|entry| {
                        pair.now.get(&entry.key).is_some_and(|now| pair.inner(&entry.key, &entry.value, now).is_same())
                    })
            }
            Self::InsertItem { index, value } => {
                let fresh = pair.now.items().and_then(|items| items.get(*index));
                lengths.is_some_and(|(old, now)| old + 1 == now && *index <= old)
                    && fresh.is_some_and(|fresh| fresh.to_json() == *value)
                    && pair.items(&|at| Some(if at < *index { at } else { at + 1 }), same)
            }
            Self::RemoveItem { index } => {
                lengths.is_some_and(|(old, now)| old == now + 1 && *index < old)
                    && pair.items(
                        &|at| match at.cmp(index) {
                            std::cmp::Ordering::Less => Some(at),
                            std::cmp::Ordering::Equal => None,
                            std::cmp::Ordering::Greater => Some(at - 1),
                        },
                        same,
                    )
            }
        }
    }
}

/// A node of the tree before, and what should say the same now.
#[derive(Clone, Copy)]
struct Pair<'n> {
    old: &'n Node,
    now: &'n Node,
    /// The items of this list, or of `steps` at the top, that are the same.
    same: &'n [Same],
    top: bool,
}

impl<'n> Pair<'n> {
    fn inner(self, key: &str, old: &'n Node, now: &'n Node) -> Self {
        let same = if self.top && key == "steps" { self.same } else { &[] };
        Self { old, now, same, top: false }
    }

    fn lengths(self) -> Option<(usize, usize)> {
        Some((self.old.items()?.len(), self.now.items()?.len()))
    }

    /// Asks about every entry of the old map; the new one has the same, and perhaps one besides.
    fn entries(self, besides: Option<&str>, each: impl Fn(&str, Self) -> bool) -> bool {
        let (Some(old), Some(now)) = (self.old.entries(), self.now.entries()) else { return false };
        old.len() + usize::from(besides.is_some()) == now.len()
            && old.iter().all(|entry| {
                let now = self.now.get(&entry.key);
                now.is_some_and(|now| each(&entry.key, self.inner(&entry.key, &entry.value, now)))
            })
    }

    /// Asks about every item of the old list that has a place in the new one; nothing is given for those that are the same.
    fn items(self, place: &dyn Fn(usize) -> Option<usize>, each: impl Fn(usize, Option<Self>) -> bool) -> bool {
        let (Some(old), Some(now)) = (self.old.items(), self.now.items()) else { return false };
        old.iter().enumerate().all(|(at, item)| {
            let found = self.same.iter().find(|same| same.before.contains(&at));
            let moved = found.map(|same| same.now + at - same.before.start);
            match (place(at), moved) {
                (None, moved) => moved.is_none(),
                (Some(place), Some(moved)) => place == moved && each(at, None),
                (Some(place), None) => {
                    now.get(place).is_some_and(|now| each(at, Some(Self { old: item, now, same: &[], top: false })))
                }
            }
        })
    }

    /// Whether both say the same.
    fn is_same(self) -> bool {
        match (&self.old.content, &self.now.content) {
            (Content::Scalar(old), Content::Scalar(now)) => old == now || old.value() == now.value(),
            (Content::List(old), Content::List(now)) => {
                old.len() == now.len() && self.items(&Some, |_, inner| inner.is_none_or(Self::is_same))
            }
            (Content::Map(_), Content::Map(_)) => self.entries(None, |_, inner| inner.is_same()),
            _ => false,
        }
    }
}
