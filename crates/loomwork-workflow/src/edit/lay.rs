//! Replacements of stretches of text that insert, replace or remove one value of a tree.
//!
//! Invariant: the replacements of one call do not overlap. Whether they mean what they should is checked in `change`.

use serde_json::Value;

use super::render::{Behind, behind_key, entry_lines, in_style, inline, item_lines};
use crate::text::Place;
use crate::yaml::{Content, Entry, Node, Style};

/// A replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) place: Place,
    pub(super) text: String,
}

/// A text with its way of ending lines.
pub(super) struct Sheet<'t> {
    pub(super) text: &'t str,
    pub(super) eol: &'static str,
}

pub(super) fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| (splice.place.start, splice.place.end));
    let mut result = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for splice in splices {
        result.push_str(text.get(from..splice.place.start).unwrap_or(""));
        result.push_str(&splice.text);
        from = splice.place.end.max(from);
    }
    result.push_str(text.get(from..).unwrap_or(""));
    result
}

impl<'t> Sheet<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
        Self { text, eol: if crlf { "\r\n" } else { "\n" } }
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1)
    }

    /// After the line break of the line; the end of the text when it has none.
    pub(super) fn after_line(&self, at: usize) -> usize {
        self.text.as_bytes()[at..].iter().position(|byte| *byte == b'\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    pub(super) fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }

    /// Whether only white space stands before it on its line.
    fn leads_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].trim_matches([' ', '\u{feff}']).is_empty()
    }

    /// Whole lines at an offset that begins a line, or is the end of the text.
    pub(super) fn lines_at(&self, at: usize, lines: &[String]) -> Splice {
        let unfinished = at > 0 && !self.text[..at].ends_with('\n');
        let start = if unfinished { self.eol } else { "" };
        Splice { place: Place::new(at, at), text: format!("{start}{}", self.joined(lines)) }
    }

    /// Every line ends with a line break, also the last of the text: a block of text may depend on it.
    fn joined(&self, lines: &[String]) -> String {
        lines.iter().flat_map(|line| [line.as_str(), self.eol]).collect()
    }

    /// Whole lines in place of whole lines.
    fn lines_for(&self, from: usize, to: usize, lines: &[String]) -> Splice {
        let closed = self.text[..to].ends_with('\n');
        let mut from = from;
        if !closed && lines.is_empty() && from > 0 {
            // The last line goes, and with it the line break before it: the text still ends without one.
            from -= if self.text[..from].ends_with("\r\n") { 2 } else { 1 };
        }
        Splice { place: Place::new(from, to), text: self.joined(lines) }
    }

    /// Where the next thing of a block goes: behind the line of its end and the comments that are indented with it.
    pub(super) fn end_of_block(&self, end: usize, column: usize) -> usize {
        let mut at = self.after_line(end);
        loop {
            let line = &self.text[at..self.after_line(at)];
            let indent = line.len() - line.trim_start_matches(' ').len();
            if line.trim_start().starts_with('#') && indent >= column && indent > 0 {
                at += line.len();
            } else {
                return at;
            }
        }
    }

    fn after_colon(&self, entry: &Entry) -> Option<usize> {
        let from = entry.key_place.end;
        let gap = &self.text[from..];
        let colon = gap.find(':')?;
        gap[..colon].trim().is_empty().then_some(from + colon + 1)
    }

    /// The value of an entry, in place of the old one.
    pub(super) fn replace_value(&self, entry: &Entry, value: &Value, flow: bool) -> Option<Vec<Splice>> {
        let old = &entry.value;
        let empty = old.place.start == old.place.end || old.place.end <= entry.key_place.end;
        if flow || old.flow && fits_beside(value) {
            let text = self.inline_like(old, value, flow);
            return if empty {
                let at = self.after_colon(entry)?;
                Some(vec![Splice { place: Place::new(at, at), text: format!(" {text}") }])
            } else {
                Some(vec![Splice { place: old.place, text }])
            };
        }
        let colon = self.after_colon(entry)?;
        let Behind { head, body } = self.behind_like(old, value, self.column(entry.key_place.start));
        let (old_head, old_body) = self.extent(entry, empty, colon)?;
        let head = if old_head.start > colon && !head.is_empty() { head.trim_start().to_owned() } else { head };
        let old_head = if head.is_empty() { Place::new(colon, old_head.end) } else { old_head };
        let mut splices = vec![Splice { place: old_head, text: head }];
        match old_body {
            Some((from, to)) => splices.push(self.lines_for(from, to, &body)),
            None if !body.is_empty() => splices.push(self.lines_at(self.after_line(old_head.end), &body)),
            None => {}
        }
        Some(splices)
    }

    /// The part of an old value on its key's line, and the whole lines below.
    fn extent(&self, entry: &Entry, empty: bool, colon: usize) -> Option<(Place, Option<(usize, usize)>)> {
        let old = &entry.value;
        if empty {
            return Some((Place::new(colon, colon), None));
        }
        let block_scalar = old.scalar().is_some_and(|scalar| matches!(scalar.style, Style::Literal | Style::Folded));
        if block_scalar {
            let header = &self.text[old.place.start..self.after_line(old.place.start)];
            let length = header.find(|c: char| c.is_whitespace()).unwrap_or(header.len());
            let below = self.after_line(old.place.start);
            let end = self.after_line(old.place.end.saturating_sub(1).max(old.place.start));
            let below = (below < end).then_some((below, end));
            return Some((Place::new(old.place.start, old.place.start + length), below));
        }
        let block = !old.flow && !matches!(old.content, Content::Scalar(_));
        if block {
            let start = if old.items().is_some() { self.list_start(old) } else { old.place.start };
            let from = self.line_start(start);
            return (from > colon && self.leads_line(start))
                .then(|| (Place::new(colon, colon), Some((from, self.after_line(old.place.end)))));
        }
        Some((old.place, None))
    }

    /// One line, in the old quoting where it can be kept.
    fn inline_like(&self, old: &Node, value: &Value, flow: bool) -> String {
        let kept = old.scalar().zip(value.as_str()).and_then(|(scalar, text)| in_style(text, scalar.style, flow));
        let kept = kept.filter(|_| !value.as_str().is_some_and(|text| text.contains('\n') && !flow));
        kept.unwrap_or_else(|| inline(value, flow))
    }

    fn behind_like(&self, old: &Node, value: &Value, column: usize) -> Behind {
        let one_line = value.as_str().is_some_and(|text| !text.contains('\n'));
        match old.scalar() {
            Some(_) if one_line => Behind { head: format!(" {}", self.inline_like(old, value, false)), body: Vec::new() },
            _ => behind_key(value, column),
        }
    }

    /// A new entry of a map, behind another one (or as the first of an empty flow map).
    pub(super) fn insert_entry(
        &self,
        map: &Node,
        after: Option<&Entry>,
        key: &str,
        value: &Value,
        flow: bool,
    ) -> Option<Vec<Splice>> {
        if flow || map.flow {
            let entry = inline(&Value::Object([(key.to_owned(), value.clone())].into_iter().collect()), true);
            let entry = entry.strip_prefix("{ ")?.strip_suffix(" }")?.to_owned();
            return Some(vec![match after {
                Some(after) => {
                    let at = after.value.place.end.max(after.key_place.end);
                    Splice { place: Place::new(at, at), text: format!(", {entry}") }
                }
                None => Splice { place: map.place, text: format!("{{ {entry} }}") },
            }]);
        }
        let entries = map.entries()?;
        let column = self.column(entries.first()?.key_place.start);
        let after = after?;
        let end = after.value.place.end.max(after.key_place.end);
        let last = entries.last().is_some_and(|entry| std::ptr::eq(entry, after));
        let at = if last { self.end_of_block(end, column) } else { self.after_line(end) };
        Some(vec![self.lines_at(at, &entry_lines(key, value, column))])
    }

    /// Removes an entry of a map that has others.
    pub(super) fn remove_entry(&self, map: &Node, index: usize, flow: bool) -> Option<Vec<Splice>> {
        let entries = map.entries()?;
        let entry = entries.get(index)?;
        let end = entry.value.place.end.max(entry.key_place.end);
        if flow || map.flow {
            let extents: Vec<Place> = entries
                .iter()
                .map(|entry| Place::new(entry.key_place.start, entry.value.place.end.max(entry.key_place.end)))
                .collect();
            return Some(vec![remove_from_flow(&extents, index)?]);
        }
        let start = entry.key_place.start;
        if self.leads_line(start) {
            return Some(vec![self.lines_for(self.line_start(start), self.after_line(end), &[])]);
        }
        // The first key of a list's item shares its line with the dash, which stays.
        let next = entries.get(index + 1)?.key_place.start;
        let between = &self.text[self.after_line(end).min(next)..next];
        if between.trim().is_empty() {
            return Some(vec![Splice { place: Place::new(start, next), text: String::new() }]);
        }
        let start = start - (self.text[..start].len() - self.text[..start].trim_end_matches(' ').len());
        let line_end = end + self.text[end..self.after_line(end)].trim_end_matches(['\r', '\n']).len();
        Some(vec![Splice { place: Place::new(start, line_end), text: String::new() }])
    }

    /// A new item of a list, at an index.
    pub(super) fn insert_item(&self, list: &Node, index: usize, value: &Value, flow: bool) -> Option<Vec<Splice>> {
        let items = list.items()?;
        if flow || list.flow {
            let text = inline(value, true);
            let before = index.checked_sub(1).and_then(|before| items.get(before));
            return Some(vec![match (before, items.first()) {
                (Some(before), _) => Splice { place: Place::new(before.place.end, before.place.end), text: format!(", {text}") },
                (None, Some(first)) => {
                    Splice { place: Place::new(first.place.start, first.place.start), text: format!("{text}, ") }
                }
                (None, None) => Splice { place: list.place, text: format!("[{text}]") },
            }]);
        }
        let column = self.column(self.list_start(list));
        let mut lines = item_lines(value, column);
        let at = match index.checked_sub(1).and_then(|before| items.get(before)) {
            Some(before) => {
                if self.spaced(items, list) {
                    lines.insert(0, String::new());
                }
                self.end_of_block(before.place.end.saturating_sub(1).max(before.place.start), column + 1)
            }
            None => self.line_start(self.list_start(list)),
        };
        Some(vec![self.lines_at(at, &lines)])
    }

    /// Whether the last items of a list have an empty line between them.
    pub(super) fn spaced(&self, items: &[Node], list: &Node) -> bool {
        let [.., before, last] = items else { return false };
        let (Some(dash), end) = (self.dash(list, items.len() - 1), self.after_node(before)) else { return false };
        last.place.start > end && dash >= end && self.text[end..dash].lines().any(|line| line.trim().is_empty())
    }

    /// After the last line of a node; a block of text may end at the line break or behind it.
    fn after_node(&self, node: &Node) -> usize {
        self.after_line(node.place.end.saturating_sub(1).max(node.place.start))
    }

    /// The first dash of a block list. The place of a list begins with its first item, which may be some lines below its dash.
    pub(super) fn list_start(&self, list: &Node) -> usize {
        let mut at = list.place.start;
        if self.text[at..].starts_with('-') {
            return at;
        }
        loop {
            let start = self.line_start(at);
            let line = &self.text[start..at];
            let dash = start + line.len() - line.trim_start_matches(' ').len();
            if self.text[dash..].starts_with("- ") || self.text[dash..].starts_with("-\n") || self.text[dash..].starts_with("-\r")
            {
                return dash;
            }
            if start == 0 {
                return list.place.start;
            }
            at = start - 1;
        }
    }

    /// Where the line with an item's dash begins.
    pub(super) fn dash(&self, list: &Node, index: usize) -> Option<usize> {
        let items = list.items()?;
        let column = self.column(self.list_start(list));
        let from = match index.checked_sub(1) {
            Some(before) => self.after_node(items.get(before)?),
            None => self.line_start(self.list_start(list)),
        };
        let to = items.get(index)?.place.start;
        let mut at = from;
        while at <= to && at < self.text.len() {
            let line = &self.text[at..self.after_line(at)];
            let indent = line.len() - line.trim_start_matches(' ').len();
            if indent == column && line[indent..].starts_with('-') {
                return Some(at);
            }
            at += line.len();
        }
        None
    }

    /// Removes an item of a list that has others.
    pub(super) fn remove_item(&self, list: &Node, index: usize, flow: bool) -> Option<Vec<Splice>> {
        let items = list.items()?;
        if flow || list.flow {
            let extents: Vec<Place> = items.iter().map(|item| item.place).collect();
            return Some(vec![remove_from_flow(&extents, index)?]);
        }
        let from = self.dash(list, index)?;
        let end = self.after_line(items.get(index)?.place.end.saturating_sub(1).max(from));
        Some(vec![self.lines_for(from, end, &[])])
    }

    /// An item of a list, in place of the old one.
    pub(super) fn replace_item(&self, list: &Node, index: usize, value: &Value, flow: bool) -> Option<Vec<Splice>> {
        let old = list.items()?.get(index)?;
        let on_line = old.flow || old.scalar().is_some_and(|scalar| !matches!(scalar.style, Style::Literal | Style::Folded));
        if flow || list.flow || (on_line && old.place.start < old.place.end && fits_beside(value)) {
            return Some(vec![Splice { place: old.place, text: self.inline_like(old, value, flow || list.flow) }]);
        }
        let from = self.dash(list, index)?;
        let end = self.after_line(old.place.end.saturating_sub(1).max(from));
        Some(vec![self.lines_for(from, end, &item_lines(value, self.column(self.list_start(list))))])
    }
}

fn remove_from_flow(extents: &[Place], index: usize) -> Option<Splice> {
    let own = extents.get(index)?;
    let place = match (index.checked_sub(1).and_then(|before| extents.get(before)), extents.get(index + 1)) {
        (_, Some(next)) => Place::new(own.start, next.start),
        (Some(before), None) => Place::new(before.end, own.end),
        (None, None) => return None,
    };
    Some(Splice { place, text: String::new() })
}

/// Whether a value goes on one line without harm.
fn fits_beside(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\n'),
        Value::Array(_) | Value::Object(_) => behind_key(value, 0).body.is_empty(),
        _ => true,
    }
}
