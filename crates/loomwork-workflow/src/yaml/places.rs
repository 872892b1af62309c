//! Where a scalar or a collection is written: what the scanner says of that, put right.

use saphyr_parser::ScalarStyle;

use super::read::{Open, Reader};
use super::{Node, Style};
use crate::text::Place;

impl Reader<'_> {
    /// The scanner puts the start of a list that is not indented below its key behind the first dash.
    pub(super) fn dash_before(&self, start: usize) -> usize {
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let before = self.text[line_start..start].trim_end_matches(' ');
        match self.stack.last() {
            Some(Open::Map { .. }) if before.trim_start_matches(' ') == "-" => line_start + before.len() - 1,
            _ => start,
        }
    }

    /// The scanner's places take in trailing space and comments, and leave out the header of a block scalar.
    pub(super) fn scalar_place(&self, style: ScalarStyle, place: Place) -> (Style, Place) {
        match style {
            ScalarStyle::Plain => {
                // YAML's own white space: others, such as a no-break space, are part of the text.
                let trimmed = place.slice(self.text).trim_end_matches([' ', '\t', '\r', '\n']);
                (Style::Plain, Place::new(place.start, place.start + trimmed.len()))
            }
            ScalarStyle::SingleQuoted => (Style::Single, self.quoted(place, b'\'')),
            ScalarStyle::DoubleQuoted => (Style::Double, self.quoted(place, b'"')),
            ScalarStyle::Literal => (Style::Literal, self.block(place, b'|')),
            ScalarStyle::Folded => (Style::Folded, self.block(place, b'>')),
        }
    }

    fn quoted(&self, place: Place, quote: u8) -> Place {
        let bytes = self.text.as_bytes();
        let Some(open) = (place.start..place.end).find(|at| bytes[*at] == quote) else {
            return place;
        };
        let mut at = open + 1;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if quote == b'"' => at += 1,
                byte if byte == quote => {
                    if quote == b'\'' && bytes.get(at + 1) == Some(&quote) {
                        at += 1;
                    } else {
                        return Place::new(place.start, at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        place
    }

    fn block(&self, place: Place, header: u8) -> Place {
        let bytes = self.text.as_bytes();
        let from = self.last_end.min(place.start);
        let start = (from..place.start).find(|at| bytes[*at] == header).unwrap_or(place.start);
        // An empty block scalar ends with its header line.
        let header_end = start + self.text[start..].lines().next().map_or(0, str::len);
        let keeps_blank_lines = self.text[start..header_end].split('#').next().is_some_and(|header| header.contains('+'));
        let content = place.slice(self.text);
        let length = if keeps_blank_lines {
            content.strip_suffix('\n').map_or(content, |content| content.strip_suffix('\r').unwrap_or(content)).len()
        } else {
            content.trim_end().len()
        };
        let end = place.start + length;
        Place::new(start, end.max(header_end.min(self.text.len())))
    }
}

/// Whether a collection's start, behind its anchor and tag, is a bracket. White space and comments may follow it.
pub(super) fn opens_flow(start: &str, bracket: char) -> bool {
    behind_properties(start).starts_with(bracket)
}

/// The offset behind the bracket that opens a collection in flow style; none when a comment stands before it.
pub(crate) fn behind_bracket(text: &str, collection: &Node) -> Option<usize> {
    let start = collection.place.slice(text);
    let rest = behind_properties(start);
    rest.starts_with(['{', '[']).then(|| collection.place.start + start.len() - rest.len() + 1)
}

/// What follows the anchor and the tag of a node.
fn behind_properties(start: &str) -> &str {
    let mut rest = start.trim_start();
    while rest.starts_with(['&', '!']) {
        rest = rest.find(char::is_whitespace).map_or("", |end| rest[end..].trim_start());
    }
    rest
}
