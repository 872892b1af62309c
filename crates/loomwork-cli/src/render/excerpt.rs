//! The text of a file, from which the lines around a place are taken without reading what stands before them.
//!
//! Invariant: what a place costs depends on its lines, never on how far down the file they are.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A text, its name, and where its lines begin.
pub(crate) struct Excerpts {
    name: String,
    text: String,
    starts: Vec<usize>,
}

impl Excerpts {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.to_owned(), text: text.to_owned(), starts }
    }

    /// Byte offset of a line and column (from 1, in characters); the end of the text for places beyond it.
    pub(crate) fn offset(&self, line: u32, column: u32) -> usize {
        let skip = |n: u32| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(skip(line)) else { return self.text.len() };
        self.text[*start..].char_indices().nth(skip(column)).map_or(self.text.len(), |(at, _)| start + at)
    }

    /// The line, from 0, in which an offset lies.
    fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }
}

impl SourceCode for Excerpts {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset().saturating_add(span.len()));
        if end > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        // A place that ends with its line has nothing of the next one.
        let (first, last) =
            (self.line(start).saturating_sub(before), self.line(end.saturating_sub(1).max(start)).saturating_add(after));
        let from = if before == 0 { start } else { self.starts[first] };
        let to = if after == 0 { end } else { self.starts.get(last + 1).copied().unwrap_or(self.text.len()) };
        let column = String::from_utf8_lossy(&self.text.as_bytes()[self.starts[first]..from]).chars().count();
        let data = &self.text.as_bytes()[from..to];
        let lines = last.min(self.starts.len() - 1) - first + 1;
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, (from, to - from).into(), first, column, lines)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_characters_and_never_beyond_the_text() {
        let text = Excerpts::new("f", "äö: 1\nzwei: ü\n");
        assert_eq!(text.offset(1, 1), 0);
        assert_eq!(text.offset(1, 3), 4);
        assert_eq!(text.offset(2, 1), 8);
        assert_eq!(text.offset(9, 9), 17);
    }

    #[test]
    fn a_place_is_given_with_the_lines_around_it_and_no_others() {
        let text = Excerpts::new("f", "one\ntwo\nthrée: x\nfour\nfive\n");
        let place = SourceSpan::from((text.offset(3, 8), 1));
        let around = text.read_span(&place, 1, 1).expect("it lies in the text");
        assert_eq!(std::str::from_utf8(around.data()), Ok("two\nthrée: x\nfour\n"));
        assert_eq!((around.line(), around.column(), around.line_count()), (1, 0, 3));
        let alone = text.read_span(&place, 0, 0).expect("it lies in the text");
        assert_eq!((alone.data(), alone.line(), alone.column()), (&b"x"[..], 2, 7));
        let end = text.read_span(&SourceSpan::from((text.offset(9, 9), 0)), 1, 1).expect("the end is in the text");
        assert_eq!(std::str::from_utf8(end.data()), Ok("five\n"));
        assert!(text.read_span(&SourceSpan::from((20, 90)), 1, 1).is_err());
    }
}
