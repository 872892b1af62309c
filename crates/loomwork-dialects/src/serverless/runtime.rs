//! Where runtime expressions (`${ … }`) stand in texts. What the programs in them mean is said by [`super::jq`].

/// Whether a text is one runtime expression; its program.
pub(super) fn program(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("${")?;
    (end(inner)? + 1 == inner.len()).then(|| inner[..inner.len() - 1].trim())
}

/// A part of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    Program(&'t str),
}

/// Splits a text with runtime expressions inside; none when it has none. `${NAME}` is left to shells.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = text[at..].find("${") {
        let inner = &text[at + found + 2..];
        let opens = inner.starts_with(|c: char| c.is_whitespace() || c == '.')
            || inner.strip_prefix('$').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
        if !opens {
            at += found + 2;
            continue;
        }
        // What is not closed stays text, and so does all behind it: looking on from each `${` would take forever.
        let Some(length) = end(inner) else { break };
        if inner[..length].trim().is_empty() {
            at += found + 2;
            continue;
        }
        if at + found > from {
            pieces.push(Piece::Text(&text[from..at + found]));
        }
        pieces.push(Piece::Program(inner[..length].trim()));
        at += found + 2 + length + 1;
        from = at;
    }
    if pieces.is_empty() {
        return None;
    }
    if from < text.len() {
        pieces.push(Piece::Text(&text[from..]));
    }
    Some(pieces)
}

/// Where the brace is that closes a program, seen from behind the one that opens it.
fn end(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_at_their_programs() {
        assert_eq!(
            pieces("a ${ .b | {c: \"}\"} } ${HOME}"),
            Some(vec![Piece::Text("a "), Piece::Program(".b | {c: \"}\"}"), Piece::Text(" ${HOME}")])
        );
        for none in ["echo ${HOME} $$ ${#x}", "${ .a", "${ }", "é${"] {
            assert_eq!(pieces(none), None, "{none}");
        }
        assert_eq!(pieces(&"${ ".repeat(300_000)), None);
        assert_eq!(program(" ${ .a } "), Some(".a"));
        assert_eq!(program("${ .a } and ${ .b }"), None);
    }
}
