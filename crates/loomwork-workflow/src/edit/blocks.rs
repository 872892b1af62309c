//! Takes the text of steps from one list to another in one go, with their comments and anchors.
//!
//! Not here: what moves where (`carry`, `regroup`), and whether what comes out says what was meant (`Page::becomes`).

use serde_json::Value;

use super::change::{Page, Segment, find};
use super::lay::{Sheet, Splice, apply};
use crate::text::Place;
use crate::yaml::Node;

/// Items of a list that go elsewhere.
pub(super) struct Freight<'f> {
    /// The map whose `steps` they are.
    pub(super) from: &'f Node,
    /// Which they are, in order.
    pub(super) items: &'f [usize],
    /// Lines before them where they go, from column 0 on.
    pub(super) head: Vec<String>,
    /// How far they are indented below those lines.
    pub(super) indent: usize,
}

/// Where items go.
pub(super) enum Goal<'g> {
    /// Into a list, before the item of an index of what is there now.
    Before(&'g Node, usize),
    /// Into the empty `steps` of a map.
    Empty(&'g Node),
    /// In place of an item of a list.
    Instead(&'g Node, usize),
    /// In place of the first of them.
    There,
}

impl Page {
    /// The text after freight went to its goal, when both are blocks.
    pub(super) fn carried(&self, freight: &Freight<'_>, goal: &Goal<'_>) -> Option<String> {
        let sheet = Sheet::new(self.text());
        let Freight { from: holder, items, head, indent } = freight;
        let from = holder.get("steps")?;
        let mut block = head.clone();
        let mut splices = Vec::new();
        for item in *items {
            let (place, lines) = sheet.item_with_comments(from, *item)?;
            let pad = " ".repeat(*indent);
            block.extend(lines.iter().map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") }));
            if !matches!(goal, Goal::Instead(..)) {
                splices.push(Splice { place: sheet.with_gap(from, *item, place), text: String::new() });
            }
        }
        if items.len() == from.items()?.len() && matches!(goal, Goal::Before(..) | Goal::Empty(_)) {
            let (place, _) = sheet.item_with_comments(from, *items.first()?)?;
            let above = Place::new(place.start, sheet.line_start(sheet.list_start(from)));
            splices = sheet.replace_value(holder.entry("steps")?, &Value::Array(Vec::new()), false)?;
            splices.push(Splice { place: above, text: String::new() });
        }
        let arrival = match goal {
            Goal::Before(list, at) => sheet.insert_lines(list, *at, &block)?,
            Goal::Empty(group) => {
                let (bracket, lines) = sheet.fill(group, &block)?;
                splices.push(bracket);
                lines
            }
            Goal::Instead(list, at) => {
                let dash = sheet.dash(list, *at)?;
                let end = sheet.end_of_item(list, *at, dash)?;
                Splice { place: Place::new(dash, end), text: sheet.lines_at(0, &sheet.indented(list, &block)).text }
            }
            Goal::There => {
                let first = *items.first()?;
                let (place, _) = sheet.item_with_comments(from, first)?;
                splices.remove(0);
                Splice { place, text: sheet.lines_at(0, &sheet.indented(from, &block)).text }
            }
        };
        splices.push(arrival);
        Some(apply(self.text(), splices))
    }

    /// The text with lines, given from column 0 on, at a goal.
    pub(super) fn pasted(&self, block: &[String], goal: &Goal<'_>) -> Option<String> {
        let sheet = Sheet::new(self.text());
        let splices = match goal {
            Goal::Before(list, at) => vec![sheet.insert_lines(list, *at, block)?],
            Goal::Empty(group) => sheet.fill(group, block).map(|(bracket, lines)| vec![bracket, lines])?,
            Goal::Instead(..) | Goal::There => return None,
        };
        Some(apply(self.text(), splices))
    }

    /// What holds a list of steps, when all of it is written as blocks, and nowhere else.
    pub(super) fn block_holder(&self, holder: &[Segment]) -> Option<&Node> {
        let (node, flow) = find(self.root(), holder)?;
        let list = node.get("steps")?;
        let empty = list.items().is_some_and(<[Node]>::is_empty);
        (!flow && !node.flow && (!list.flow || empty) && !list.aliased && !node.aliased).then_some(node)
    }

    /// Where items go that are to stand at an index of a list of steps.
    pub(super) fn goal(&self, holder: &[Segment], at: usize) -> Option<Goal<'_>> {
        let node = self.block_holder(holder)?;
        let list = node.get("steps")?;
        Some(if list.items()?.is_empty() { Goal::Empty(node) } else { Goal::Before(list, at) })
    }
}

impl Sheet<'_> {
    /// An item of a block list with the comments directly above it: its whole lines, and the same from column 0 on.
    pub(super) fn item_with_comments(&self, list: &Node, index: usize) -> Option<(Place, Vec<String>)> {
        let column = self.column(self.list_start(list));
        let dash = self.dash(list, index)?;
        let mut start = dash;
        while start > 0 {
            let before = self.line_start(start - 1);
            let line = &self.text[before..start];
            if line.trim_start_matches(' ').starts_with('#')
                && self.text[before..].starts_with(&" ".repeat(column))
                && !line[column..].starts_with(' ')
            {
                start = before;
            } else {
                break;
            }
        }
        let end = self.end_of_item(list, index, dash)?;
        let kept = self.text[start..end].lines().map(|line| {
            let indent = line.len() - line.trim_start_matches(' ').len();
            match line.get(column..) {
                Some(rest) if indent >= column => Some(rest.to_owned()),
                _ if line.trim().is_empty() => Some(String::new()),
                _ => line.trim_start().starts_with('#').then(|| line.trim_start().to_owned()),
            }
        });
        Some((Place::new(start, end), kept.collect::<Option<Vec<_>>>()?))
    }

    /// Behind the last line of an item and the comments that are indented with it.
    fn end_of_item(&self, list: &Node, index: usize, dash: usize) -> Option<usize> {
        let end = list.items()?.get(index)?.place.end.saturating_sub(1).max(dash);
        Some(self.end_of_block(end, self.column(self.list_start(list)) + 1))
    }

    /// An item's lines with the empty ones that part it from its neighbour.
    fn with_gap(&self, list: &Node, index: usize, Place { mut start, mut end }: Place) -> Place {
        let empty = |line: &str| line.trim().is_empty();
        if index > 0 {
            while start > 0 && empty(&self.text[self.line_start(start - 1)..start]) {
                start = self.line_start(start - 1);
            }
        } else if list.items().is_some_and(|items| items.len() > 1) {
            while end < self.text.len() && empty(&self.text[end..self.after_line(end)]) {
                end = self.after_line(end);
            }
        }
        Place::new(start, end)
    }

    /// Lines from column 0 on, as they stand in a list.
    pub(super) fn indented(&self, list: &Node, block: &[String]) -> Vec<String> {
        let pad = " ".repeat(self.column(self.list_start(list)));
        block.iter().map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") }).collect()
    }

    /// Lines that are given from column 0 on, as items of a block list at an index.
    pub(super) fn insert_lines(&self, list: &Node, index: usize, block: &[String]) -> Option<Splice> {
        let items = list.items().filter(|items| !items.is_empty())?;
        let mut lines = self.indented(list, block);
        let at = match index.checked_sub(1) {
            Some(before) => {
                if self.spaced(items, list) {
                    lines.insert(0, String::new());
                }
                self.end_of_item(list, before, self.dash(list, before)?)?
            }
            None => {
                if self.spaced(items, list) {
                    lines.push(String::new());
                }
                self.item_with_comments(list, 0)?.0.start
            }
        };
        Some(self.lines_at(at, &lines))
    }

    /// Lines that are given from column 0 on, as the items of a list that is written `[]`.
    fn fill(&self, holder: &Node, block: &[String]) -> Option<(Splice, Splice)> {
        let entry = holder.entry("steps")?;
        let list = &entry.value;
        let behind = &self.text[list.place.end..self.after_line(list.place.end)];
        let bare = behind.trim().is_empty() || behind.trim_start().starts_with('#');
        let colon = entry.key_place.end + self.text[entry.key_place.end..list.place.start].find(':')? + 1;
        let pad = " ".repeat(self.column(entry.key_place.start) + 2);
        let lines: Vec<String> =
            block.iter().map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") }).collect();
        let bracket = Splice { place: Place::new(colon, list.place.end), text: String::new() };
        (bare && !list.anchored).then(|| (bracket, self.lines_at(self.after_line(list.place.end), &lines)))
    }
}
