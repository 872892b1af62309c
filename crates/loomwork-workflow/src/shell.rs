//! What the scripts of a shell make of a variable. A guess from the text: shells are not parsed here.
//!
//! Not here: what is said about it, and what is put in its place (`decode::script`, and the importers).

/// Where a variable stands in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes<'s> {
    /// Nowhere special: it would be split into words.
    None,
    /// In single quotes: it would stay a name.
    Single,
    /// In double quotes: it is one word, with its value.
    Double,
    /// In the text of a here-document, where quotes are text too.
    Document,
    /// In a here-document whose end is quoted: all of it stays as it is. The end, without its quotes.
    Verbatim(&'s str),
}

impl<'s> Quotes<'s> {
    /// Those that are open behind the first part of a POSIX script.
    #[must_use]
    pub fn at_the_end_of(script: &'s str) -> Self {
        let mut open = Self::None;
        let mut document: Option<(&str, Self)> = None;
        let mut lines = script.split('\n').peekable();
        while let Some(line) = lines.next() {
            if let Some((end, _)) = document {
                if line.trim_start_matches('\t') == end && lines.peek().is_some() {
                    document = None;
                }
                continue;
            }
            open = open.behind(line);
            // The text of a document begins on the next line.
            if open == Self::None && lines.peek().is_some() {
                document = opened_document(line);
            }
        }
        document.map_or(open, |(_, quotes)| quotes)
    }

    /// Those that are open behind a further line.
    fn behind(mut self, line: &str) -> Self {
        let mut characters = line.chars();
        let mut word_begins = true;
        while let Some(character) = characters.next() {
            self = match (self, character) {
                // A quote in a comment opens nothing.
                (Self::None, '#') if word_begins => return self,
                (Self::None | Self::Double, '\\') => {
                    characters.next();
                    self
                }
                (Self::None, '\'') => Self::Single,
                (Self::None, '"') => Self::Double,
                (Self::Single, '\'') | (Self::Double, '"') => Self::None,
                _ => self,
            };
            word_begins = character.is_whitespace() || matches!(character, ';' | '&' | '|' | '(');
        }
        self
    }

    /// A variable, so that it is one word with its value.
    pub(crate) fn around(self, name: &str) -> String {
        match self {
            Self::None => format!("\"${{{name}}}\""),
            Self::Single => format!("'\"${{{name}}}\"'"),
            Self::Double | Self::Document | Self::Verbatim(_) => format!("${{{name}}}"),
        }
    }
}

/// The here-document that a line opens: its end, and what a variable is in it. `<<<` is a here-string.
fn opened_document(line: &str) -> Option<(&str, Quotes<'_>)> {
    let (before, behind) = line.split_once("<<")?;
    if behind.starts_with('<') || before.contains('#') {
        return None;
    }
    let word = behind.strip_prefix('-').unwrap_or(behind).trim_start();
    let bare = word.trim_start_matches(['\'', '"', '\\']);
    let length = bare.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(bare.len());
    let end = &bare[..length];
    let quotes = if bare.len() < word.len() { Quotes::Verbatim(end) } else { Quotes::Document };
    (length > 0).then_some((end, quotes))
}

#[cfg(test)]
mod tests {
    use super::Quotes;

    #[test]
    fn quotes_are_followed_over_lines_escapes_and_documents() {
        let behind = Quotes::at_the_end_of;
        assert_eq!(behind("echo "), Quotes::None);
        assert_eq!(behind("jq '.a |\n  .b == "), Quotes::Single);
        assert_eq!(behind("echo \"it's "), Quotes::Double);
        assert_eq!(behind("echo \"a \\\" b"), Quotes::Double);
        assert_eq!(behind("cat << EOF\nit's "), Quotes::Document);
        assert_eq!(behind("cat <<-'EOF'\n\tit's "), Quotes::Verbatim("EOF"));
        assert_eq!(behind("cat << 'EOF'\nx\nEOF\necho "), Quotes::None);
        assert_eq!(behind("cat <<< 'EOF'\necho "), Quotes::None);
    }

    #[test]
    fn an_apostrophe_in_a_comment_opens_nothing() {
        assert_eq!(Quotes::at_the_end_of("make # don't stop\necho "), Quotes::None);
        assert_eq!(Quotes::at_the_end_of("# it's\necho "), Quotes::None);
        assert_eq!(Quotes::at_the_end_of("echo a#'b "), Quotes::Single);
    }
}
