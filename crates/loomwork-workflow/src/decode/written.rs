//! Where the expressions of a scalar are written.
//!
//! Invariant: a place is given for certain or not at all. What is written may differ from what it means, by the escapes and
//! the line breaks of its style, so both are compared without these, and each expression must be found as often as it is
//! meant. Not here: where a name stands within an expression (`decode::template`, `types::check`).

use std::collections::HashMap;

use crate::expression::{Piece, split};
use crate::text::Place;

/// An expression as it is written, without its braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written<'t> {
    /// Its offset in the text.
    pub(crate) at: usize,
    /// What stands there.
    pub(crate) source: &'t str,
}

impl Written<'_> {
    /// The place of a part of it.
    pub(crate) fn part(self, at: usize, length: usize) -> Place {
        Place::new(self.at + at, self.at + at + length)
    }

    /// Its place without the space around it.
    pub(crate) fn trimmed(self) -> Place {
        self.part(self.source.len() - self.source.trim_start().len(), self.source.trim().len())
    }

    /// The offsets in it at which a word stands that is no part of another.
    pub(crate) fn words<'w>(&'w self, word: &'w str) -> impl Iterator<Item = usize> + 'w {
        let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let named = word.starts_with(part_of_word);
        let alone = move |before: &str, behind: &str| !before.ends_with(part_of_word) && !behind.starts_with(part_of_word);
        let found = self.source.match_indices(word).map(|(at, _)| at).filter(|_| !word.is_empty());
        found.filter(move |at| !named || alone(&self.source[..*at], &self.source[at + word.len()..]))
    }
}

/// Where each of these expressions of the scalar at a place is written.
pub(crate) fn written<'t>(text: &'t str, scalar: Place, sources: &[&str]) -> Vec<Option<Written<'t>>> {
    let raw = scalar.slice(text);
    // The first line of a block scalar is its header, with a comment perhaps.
    let header = if raw.starts_with(['|', '>']) { raw.find('\n').map_or(raw.len(), |end| end + 1) } else { 0 };
    let mut found: HashMap<String, Vec<Written<'t>>> = HashMap::new();
    for piece in split(&raw[header..]) {
        if let Piece::Expression { source, at } = piece {
            found.entry(plain(source)).or_default().push(Written { at: scalar.start + header + at, source });
        }
    }
    let plain_sources: Vec<String> = sources.iter().map(|source| plain(source)).collect();
    let mut meant: HashMap<&str, usize> = HashMap::new();
    for source in &plain_sources {
        *meant.entry(source).or_default() += 1;
    }
    let mut taken: HashMap<&str, usize> = HashMap::new();
    let mut places = Vec::with_capacity(sources.len());
    for source in &plain_sources {
        let number = taken.entry(source).or_default();
        let same = found.get(source).filter(|same| Some(&same.len()) == meant.get(source.as_str()));
        places.push(same.and_then(|same| same.get(*number).copied()));
        *number += 1;
    }
    places
}

/// What is the same however an expression is quoted and broken into lines.
fn plain(source: &str) -> String {
    source.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\\' | '\'' | '"')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, sources: &[&str]) -> Vec<Option<usize>> {
        let all = written(text, Place::new(0, text.len()), sources);
        all.into_iter().map(|written| written.map(|written| written.at)).collect()
    }

    #[test]
    fn each_expression_is_found_where_it_is_written_and_not_in_the_text_around() {
        assert_eq!(places("\"a is ${{a}}, ${{b}}${{a}}\"", &["a", "b", "a"]), [Some(9), Some(17), Some(23)]);
        assert_eq!(places("\"$${{a}} ${{a}}\"", &["a"]), [Some(12)]);
        assert_eq!(places("| # ${{a}}\n  ${{a}}", &["a"]), [Some(16)]);
    }

    #[test]
    fn an_expression_with_escapes_and_line_breaks_is_found_too() {
        assert_eq!(places("\"${{ a[\\\"x\\\"] }} ${{ b }}\"", &[" a[\"x\"] ", " b "]), [Some(4), Some(20)]);
        assert_eq!(places("'${{ a[''x''] }}'", &[" a['x'] "]), [Some(4)]);
        assert_eq!(places(">\n  ${{ a\n  + b }}", &[" a + b "]), [Some(7)]);
    }

    #[test]
    fn where_it_is_not_certain_there_is_no_place() {
        assert_eq!(places("\"\\x24{{a}} ${{a}}\"", &["a", "a"]), [None, None]);
    }
}
