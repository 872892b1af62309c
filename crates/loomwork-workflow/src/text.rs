//! Places in a text: byte offsets inside, lines and columns outside.
//!
//! Invariant: a `Place` is a range of byte offsets on character boundaries of the text it was made from.
//! Not here: what stands at a place (`yaml`, `expression`).

use serde::{Deserialize, Serialize};

/// A position. Lines and columns count from 1, columns in Unicode characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Pos {
    /// Offset in bytes from the start of the text.
    pub offset: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A stretch of text; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Span {
    /// First character.
    pub start: Pos,
    /// After the last character.
    pub end: Pos,
}

/// A stretch of text by byte offsets; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Place {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    pub(crate) fn shifted(self, shift: Shift) -> Self {
        Self { start: self.start.saturating_add_signed(shift.bytes), end: self.end.saturating_add_signed(shift.bytes) }
    }

    pub(crate) fn slice(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// How far something has moved with the text before it, its columns staying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shift {
    pub(crate) bytes: isize,
    pub(crate) lines: i64,
}

impl Shift {
    pub(crate) fn line(self, line: u32) -> u32 {
        u32::try_from(i64::from(line) + self.lines).unwrap_or(u32::MAX)
    }

    pub(crate) fn span(self, span: Span) -> Span {
        let pos = |pos: Pos| Pos { offset: pos.offset.saturating_add_signed(self.bytes), line: self.line(pos.line), ..pos };
        Span { start: pos(span.start), end: pos(span.end) }
    }
}

/// Turns byte offsets of one text into lines and columns.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        Self { text, starts }
    }

    pub(crate) fn pos(&self, offset: usize) -> Pos {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let column = self.text[self.starts[line]..offset].chars().count() + 1;
        Pos { offset, line: count(line + 1), column: count(column) }
    }

    pub(crate) fn span(&self, place: Place) -> Span {
        Span { start: self.pos(place.start), end: self.pos(place.end) }
    }

    pub(crate) fn line(&self, offset: usize) -> u32 {
        count(self.starts.partition_point(|start| *start <= offset))
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Bytes that are compared at a time.
const BLOCK: usize = 256;

/// How many bytes two texts have in common from their beginning.
pub(crate) fn common_start(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK)).take_while(|(one, other)| one == other).count() * BLOCK;
    blocks + one[blocks..].iter().zip(&other[blocks..]).take_while(|(one, other)| one == other).count()
}

/// How many bytes two texts have in common from their end.
pub(crate) fn common_end(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK)).take_while(|(one, other)| one == other).count() * BLOCK;
    let (one, other) = (&one[..one.len() - blocks], &other[..other.len() - blocks]);
    blocks + one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_offsets_count_bytes() {
        let lines = Lines::new("é: 1\r\nb: 2\n");
        assert_eq!(lines.pos(4), Pos { offset: 4, line: 1, column: 4 });
        assert_eq!(lines.pos(7), Pos { offset: 7, line: 2, column: 1 });
        assert_eq!(lines.pos(999).line, 3);
    }
}
