//! What the scripts of a shell make of a variable, told from the text before it.
//!
//! Invariant: where POSIX shells and bash would not agree, or a text has more to it than is followed here, the answer is
//! [`Quotes::Unsure`]. Not here: what is said about it, and what is put in its place (`decode::script`, and the importers).

use std::iter::Peekable;
use std::str::CharIndices;

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
    /// Where it cannot be told, such as within `$'…'`, backquotes or arithmetic.
    Unsure,
}

impl<'s> Quotes<'s> {
    /// Those that are open behind the first part of a POSIX script.
    #[must_use]
    pub fn at_the_end_of(script: &'s str) -> Self {
        let mut shell = Shell { script, rest: script.char_indices().peekable(), open: Vec::new(), documents: Vec::new() };
        shell.read().unwrap_or_else(|quotes| quotes)
    }

    /// A variable, so that it is one word with its value; none where that cannot be told.
    pub(crate) fn around(self, name: &str) -> Option<String> {
        match self {
            Self::None => Some(format!("\"${{{name}}}\"")),
            Self::Single => Some(format!("'\"${{{name}}}\"'")),
            Self::Double | Self::Document => Some(format!("${{{name}}}")),
            Self::Verbatim(_) | Self::Unsure => None,
        }
    }
}

/// What is open: the script itself when there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `(`, `$(` or `<(`: commands.
    Commands,
    /// `"`.
    Double,
    /// `${` within commands or double quotes.
    Parameter,
}

/// A here-document whose text is still to come.
struct Document<'s> {
    end: &'s str,
    /// Whether tabs before its lines are taken off.
    tabs: bool,
    verbatim: bool,
}

/// Reads a script. What ends the reading early is the answer, as an error.
struct Shell<'s> {
    script: &'s str,
    rest: Peekable<CharIndices<'s>>,
    open: Vec<Open>,
    documents: Vec<Document<'s>>,
}

type Step<'s, T = ()> = Result<T, Quotes<'s>>;

impl<'s> Shell<'s> {
    fn read(&mut self) -> Step<'s, Quotes<'s>> {
        let mut word_begins = true;
        while let Some((at, character)) = self.rest.next() {
            let begins = std::mem::replace(&mut word_begins, false);
            match (self.open.last().copied(), character) {
                (_, '\\') => {
                    self.rest.next();
                }
                (_, '`') => self.until('`')?,
                (_, '$') => word_begins = self.dollar()?,
                (Some(Open::Double), '"') | (Some(Open::Parameter), '}') => {
                    self.open.pop();
                }
                (Some(Open::Double), _) => {}
                (_, '"') => self.open.push(Open::Double),
                // In double quotes it may be text or not, by what stands before it.
                (Some(Open::Parameter), '\'') if self.open.contains(&Open::Double) => return Err(Quotes::Unsure),
                (_, '\'') => self.single()?,
                (Some(Open::Parameter), _) => {}
                (_, '#') if begins => while self.rest.next_if(|(_, next)| *next != '\n').is_some() {},
                (_, '(') if self.next_is('(') => self.arithmetic()?,
                (_, '(') => {
                    self.open.push(Open::Commands);
                    word_begins = true;
                }
                // One that closes nothing stands behind a pattern of `case`.
                (_, ')') => {
                    self.open.pop();
                    word_begins = true;
                }
                (_, '<') if self.next_is('<') => self.document()?,
                (_, '\n') => {
                    self.texts_of_documents()?;
                    word_begins = true;
                }
                // The `)` behind its patterns would close what is around it.
                _ if begins && !self.open.is_empty() && self.script[at..].starts_with("case") => return Err(Quotes::Unsure),
                (_, next) => word_begins = next.is_whitespace() || matches!(next, ';' | '&' | '|'),
            }
        }
        Ok(match self.open.last() {
            None | Some(Open::Commands) => Quotes::None,
            Some(Open::Double) => Quotes::Double,
            Some(Open::Parameter) => Quotes::Unsure,
        })
    }

    fn next_is(&mut self, character: char) -> bool {
        self.rest.next_if(|(_, next)| *next == character).is_some()
    }

    /// What stands behind a `$`; true when commands begin.
    fn dollar(&mut self) -> Step<'s, bool> {
        if self.next_is('{') {
            self.open.push(Open::Parameter);
            // The length of a variable is no comment, and `$#` none either.
            self.next_is('#');
        } else if self.next_is('(') {
            if self.next_is('(') {
                return self.arithmetic().map(|()| false);
            }
            self.open.push(Open::Commands);
            return Ok(true);
        } else if !matches!(self.open.last(), Some(Open::Double)) && self.next_is('\'') {
            // Not every shell knows it, so a quote in it may end it or not.
            return self.until('\'').map(|()| false);
        } else {
            self.next_is('#');
        }
        Ok(false)
    }

    fn single(&mut self) -> Step<'s> {
        match self.rest.find(|(_, character)| *character == '\'') {
            Some(_) => Ok(()),
            None => Err(Quotes::Single),
        }
    }

    /// Something that is not looked into, up to its end; an escaped end is not taken for one by all shells.
    fn until(&mut self, end: char) -> Step<'s> {
        while let Some((_, character)) = self.rest.next() {
            match character {
                '\\' if self.next_is(end) => return Err(Quotes::Unsure),
                '\\' => {
                    self.rest.next();
                }
                _ if character == end => return Ok(()),
                _ => {}
            }
        }
        Err(Quotes::Unsure)
    }

    /// The rest of `((…))`, which has none of the signs of commands in it.
    fn arithmetic(&mut self) -> Step<'s> {
        let mut depth = 2_usize;
        for (_, character) in self.rest.by_ref() {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\'' | '"' | '`' | '\\' | '\n' => return Err(Quotes::Unsure),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(Quotes::Unsure)
    }

    /// What stands behind `<<`; `<<<` is a here-string.
    fn document(&mut self) -> Step<'s> {
        if self.next_is('<') {
            return Ok(());
        }
        let tabs = self.next_is('-');
        while self.rest.next_if(|(_, next)| matches!(next, ' ' | '\t')).is_some() {}
        let Some(start) = self.rest.peek().map(|(at, _)| *at) else { return Err(Quotes::Unsure) };
        let ends = |c: &char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '<' | '>' | '(' | ')');
        while self.rest.next_if(|(_, next)| !ends(next)).is_some() {}
        let word = &self.script[start..self.rest.peek().map_or(self.script.len(), |(at, _)| *at)];
        let quoted = ['\'', '"'].into_iter().find_map(|quote| word.strip_prefix(quote)?.strip_suffix(quote));
        let bare = quoted.or_else(|| word.strip_prefix('\\')).unwrap_or(word);
        // One that goes on behind this part, or that is put together, is not known.
        if self.rest.peek().is_none() || bare.is_empty() || bare.contains(['\'', '"', '\\', '$', '`']) {
            return Err(Quotes::Unsure);
        }
        self.documents.push(Document { end: bare, tabs, verbatim: bare.len() < word.len() });
        Ok(())
    }

    /// The texts of the here-documents of a line that ends.
    fn texts_of_documents(&mut self) -> Step<'s> {
        for document in std::mem::take(&mut self.documents) {
            let start = self.rest.peek().map_or(self.script.len(), |(at, _)| *at);
            let mut at = start;
            loop {
                let Some(length) = self.script[at..].find('\n') else {
                    return Err(document.quotes_in(&self.script[start..]));
                };
                let line = &self.script[at..at + length];
                at += length + 1;
                if document.end == if document.tabs { line.trim_start_matches('\t') } else { line } {
                    break;
                }
            }
            while self.rest.next_if(|(next, _)| *next < at).is_some() {}
        }
        Ok(())
    }
}

impl<'s> Document<'s> {
    /// What a variable is behind a part of its text.
    fn quotes_in(&self, text: &str) -> Quotes<'s> {
        if self.verbatim {
            Quotes::Verbatim(self.end)
        } else if text.contains("$(") || text.contains("${") || text.contains('`') {
            Quotes::Unsure
        } else {
            Quotes::Document
        }
    }
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
        assert_eq!(behind("cat <<- EOF\nx\n\tEOF\necho '"), Quotes::Single);
        assert_eq!(behind("cat << EOF\nx\n\tEOF\necho "), Quotes::Document);
        assert_eq!(behind("cat <<< 'EOF'\necho "), Quotes::None);
    }

    #[test]
    fn a_quote_in_a_comment_opens_nothing() {
        assert_eq!(Quotes::at_the_end_of("make # don't stop\necho "), Quotes::None);
        assert_eq!(Quotes::at_the_end_of("# it's\necho "), Quotes::None);
        assert_eq!(Quotes::at_the_end_of("echo \"a\" # \"quote\necho "), Quotes::None);
        assert_eq!(Quotes::at_the_end_of("# cat << E\necho "), Quotes::None);
        for no_comment in ["echo a#'b ", "echo $#'", "echo ${#a}'", "echo \"a\"#'"] {
            assert_eq!(Quotes::at_the_end_of(no_comment), Quotes::Single, "{no_comment}");
        }
    }

    #[test]
    fn quotes_within_commands_within_quotes_are_their_own() {
        let behind = Quotes::at_the_end_of;
        assert_eq!(behind("echo \"$(echo '"), Quotes::Single);
        assert_eq!(behind("echo \"$(echo "), Quotes::None);
        assert_eq!(behind("echo \"$(echo \"a"), Quotes::Double);
        assert_eq!(behind("echo \"$(echo 'a)' \"b\") it's "), Quotes::Double);
        assert_eq!(behind("echo \"$(date)\" "), Quotes::None);
        assert_eq!(behind("case $x in 'a') echo "), Quotes::None);
    }

    #[test]
    fn several_documents_of_one_line_follow_each_other() {
        let behind = Quotes::at_the_end_of;
        assert_eq!(behind("diff <(cat <<A) - <<'B'\nx\nA\ny "), Quotes::Verbatim("B"));
        assert_eq!(behind("paste <<'A' <<B\nx\nA\ny "), Quotes::Document);
        assert_eq!(behind("paste <<'A' <<B\nx\nA\ny\nB\necho "), Quotes::None);
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        for unsure in [
            "echo $'a",
            "echo $'a\\'b' ",
            "echo `date ",
            "echo $((1 + ",
            "echo ${a:-",
            "echo \"${a:-it's} ",
            "cat <<",
            "cat <<$E\n",
            "cat <<E'O'F\nx",
            "cat <<E\n$(echo ",
            "echo \"$(case a in a) echo '",
        ] {
            assert_eq!(Quotes::at_the_end_of(unsure), Quotes::Unsure, "{unsure}");
        }
        for sure in ["echo $'a' ", "echo `date` ", "echo $((1 << 2)) ", "echo ${a:-'}'} ", "((i << 1)); echo "] {
            assert_eq!(Quotes::at_the_end_of(sure), Quotes::None, "{sure}");
        }
    }
}
