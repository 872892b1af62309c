//! Quick fixes that add to a text or take from it.
//!
//! Invariant: a fix changes only what its title says, and leaves valid YAML. What is written elsewhere (behind an alias)
//! is not changed from here.

use super::Decoder;
use crate::diagnostic::Fix;
use crate::text::Place;
use crate::yaml::{Entry, Node, behind_bracket, entry_removal, item_removal};

/// A place where one more name fits into a list, and what goes around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    at: usize,
    before: String,
    after: String,
}

impl Decoder<'_> {
    /// Takes an entry out of its map.
    pub(super) fn without_entry(&self, map: &Node, entry: &Entry) -> Option<Fix> {
        let part = Place::new(entry.key_place.start, entry.value.place.end.max(entry.key_place.end));
        let written = !map.aliased && entry.value.place.end > entry.key_place.end && map.entries()?.len() > 1;
        let place = written.then(|| entry_removal(self.text, part, map.flow)).flatten()?;
        Some(self.replacement(format!("Remove `{}`", entry.key), place, ""))
    }

    /// Takes an item out of its list, which has others.
    pub(crate) fn without_item(&self, list: &Node, item: Place, title: &str) -> Option<Fix> {
        let alone = list.items()?.len() < 2;
        let place = (!list.aliased && !alone).then(|| item_removal(self.text, item, list.flow)).flatten()?;
        Some(self.replacement(title, place, ""))
    }

    /// Where another item of a list goes.
    pub(crate) fn slot(&self, list: &Node) -> Option<Slot> {
        let items = list.items().filter(|_| !list.aliased)?;
        let slot = |at: usize, before: &str, after: &str| Slot { at, before: before.to_owned(), after: after.to_owned() };
        if list.flow {
            return Some(match items.last() {
                Some(last) => slot(last.place.end, ", ", ""),
                None => slot(behind_bracket(self.text, list)?, "", ""),
            });
        }
        // Before the first one: behind the last one there may be a comment.
        let first = items.first()?.place.start;
        let line_start = self.text[..first].rfind('\n').map_or(0, |at| at + 1);
        let indent = &self.text[line_start..first];
        (indent.trim() == "-").then(|| slot(line_start, indent, self.line_break()))
    }

    /// Where a new key of a map goes: before one of its entries, or behind it in flow style.
    pub(crate) fn key_slot(&self, map: &Node, beside: &Entry) -> Option<Slot> {
        if map.aliased || beside.value.aliased {
            return None;
        }
        if map.flow {
            return Some(Slot { at: beside.value.place.end, before: ", ".to_owned(), after: String::new() });
        }
        let at = beside.key_place.start;
        Some(Slot { at, before: String::new(), after: format!("{}{}", self.line_break(), self.indent_of(at)) })
    }

    /// How the lines of the text end, by its first.
    pub(super) fn line_break(&self) -> &'static str {
        let first = self.text.find('\n').map_or("", |end| &self.text[..end]);
        if first.ends_with('\r') { "\r\n" } else { "\n" }
    }

    /// Writes something into a slot.
    pub(crate) fn insertion(&self, title: impl Into<String>, slot: &Slot, text: &str) -> Fix {
        let text = format!("{}{text}{}", slot.before, slot.after);
        self.replacement(title, Place::new(slot.at, slot.at), text)
    }

    /// Adds an edge to the `needs` of a step.
    pub(crate) fn need_added(&self, step: &Node, title: String, need: &str) -> Option<Fix> {
        if let Some(needs) = step.get("needs") {
            return Some(self.insertion(title, &self.slot(needs)?, need));
        }
        let entries = step.entries()?;
        let id = entries.iter().position(|entry| entry.key == "id")?;
        let beside = if step.flow { &entries[id] } else { entries.get(id + 1).unwrap_or(&entries[id]) };
        Some(self.insertion(title, &self.key_slot(step, beside)?, &format!("needs: [{need}]")))
    }

    /// Declares a secret at the top of the file.
    pub(super) fn secret_declared(&self, name: &str) -> Option<Fix> {
        let slot = self.secrets_end.as_ref()?;
        Some(self.insertion(format!("Declare `{name}` under `secrets`"), slot, name))
    }

    /// Notes where [`Self::secret_declared`] writes.
    pub(super) fn find_secrets_end(&mut self, root: &Node) {
        self.secrets_end = match root.get("secrets") {
            Some(list) => self.slot(list),
            None if root.flow => None,
            None => root.entry("steps").map(|steps| Slot {
                at: steps.key_place.start,
                before: "secrets: [".to_owned(),
                after: format!("]{}{}", self.line_break(), self.indent_of(steps.key_place.start)),
            }),
        };
    }
}
