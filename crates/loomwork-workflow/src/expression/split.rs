//! Finds the expressions in a text.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// As it stands, with `$${{` already turned into `${{`.
    Text(String),
    /// What stands between `${{` and `}}`, and its offset in the text.
    Expression { source: &'t str, at: usize },
    /// A `${{` without its `}}`, and its offset.
    Unclosed { at: usize },
}

/// Splits a text. A `}}` inside a string of the expression, or that closes its own braces, does not end it.
pub(crate) fn split(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("${{") {
        let at = from + found;
        if text[..at].ends_with('$') && at > from {
            literal.push_str(&text[from..at - 1]);
            literal.push_str("${{");
            from = at + 3;
            continue;
        }
        literal.push_str(&text[from..at]);
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        match end_of_expression(&text[at + 3..]) {
            Some(length) => {
                pieces.push(Piece::Expression { source: &text[at + 3..at + 3 + length], at: at + 3 });
                from = at + 3 + length + 2;
            }
            None => {
                pieces.push(Piece::Unclosed { at });
                return pieces;
            }
        }
    }
    literal.push_str(&text[from..]);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    pieces
}

/// Length of the expression that begins here and ends before its `}}`.
fn end_of_expression(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => match end_of_string(bytes, at, quote) {
                Some(end) => at = end,
                None => break,
            },
            b'{' => depth += 1,
            b'}' if depth == 0 && bytes.get(at + 1) == Some(&b'}') => return Some(at),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    // Unbalanced quotes or braces inside: take the first end there is, the parser says what is wrong.
    text.find("}}")
}

/// Offset of the closing quote of the string that opens at `at`.
fn end_of_string(bytes: &[u8], at: usize, quote: u8) -> Option<usize> {
    let raw = at > 0 && matches!(bytes[at - 1], b'r' | b'R');
    let triple = bytes[at..].starts_with(&[quote; 3]);
    let mut next = at + if triple { 3 } else { 1 };
    while next < bytes.len() {
        if bytes[next] == b'\\' && !raw {
            next += 2;
            continue;
        }
        if triple && bytes[next..].starts_with(&[quote; 3]) {
            return Some(next + 2);
        }
        if !triple && bytes[next] == quote {
            return Some(next);
        }
        next += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(source: &str, at: usize) -> Piece<'_> {
        Piece::Expression { source, at }
    }

    #[test]
    fn texts_are_split_at_their_expressions() {
        assert_eq!(split("plain"), [Piece::Text("plain".into())]);
        assert_eq!(split("a ${{ b }} c"), [Piece::Text("a ".into()), expression(" b ", 5), Piece::Text(" c".into())]);
        assert_eq!(split("$${{ b }}"), [Piece::Text("${{ b }}".into())]);
        assert_eq!(split("${{a}}${{b}}"), [expression("a", 3), expression("b", 9)]);
        assert_eq!(split("x ${{ a"), [Piece::Text("x ".into()), Piece::Unclosed { at: 2 }]);
    }

    #[test]
    fn braces_and_strings_inside_do_not_end_an_expression() {
        assert_eq!(split("${{ {'a': {'b': 1}} }}"), [expression(" {'a': {'b': 1}} ", 3)]);
        assert_eq!(split("${{ '}}' }}"), [expression(" '}}' ", 3)]);
        assert_eq!(split(r#"${{ "\"}}" }}"#), [expression(r#" "\"}}" "#, 3)]);
        assert_eq!(split("${{ ''' }} ' ''' }}"), [expression(" ''' }} ' ''' ", 3)]);
    }
}
