//! Renames a step inside expressions, without touching anything else of them.

/// The text with `steps.from` and `steps['from']` renamed inside its expressions.
///
/// Works on raw YAML as well as on plain text: quotation marks of the expression may be escaped (`\"`) or doubled (`''`).
pub(super) fn rename_in_expressions(text: &str, from: &str, to: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("${{") {
        let (before, expression) = rest.split_at(open + 3);
        result.push_str(before);
        if before[..open].ends_with('$') {
            rest = expression;
            continue;
        }
        let end = expression_end(expression);
        result.push_str(&rename(&expression[..end], from, to));
        rest = &expression[end..];
    }
    result.push_str(rest);
    result
}

/// Where the expression ends, strings left aside.
fn expression_end(text: &str) -> usize {
    let mut at = 0;
    let mut depth = 0_usize;
    while at < text.len() {
        if let Some(quote) = quote_at(&text[at..]) {
            at = after_string(text, at, quote);
            continue;
        }
        let next = text[at..].chars().next();
        match next {
            Some('{') => depth += 1,
            Some('}') if depth == 0 && text[at..].starts_with("}}") => return at,
            Some('}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += next.map_or(1, char::len_utf8);
    }
    text.find("}}").unwrap_or(text.len())
}

/// A quotation mark of the expression as it is written here.
fn quote_at(text: &str) -> Option<&'static str> {
    ["\\\"", "''", "\"", "'"].into_iter().find(|quote| text.starts_with(quote))
}

/// Behind the string that opens at `at`; behind its quotation mark when it is not closed.
fn after_string(text: &str, at: usize, quote: &str) -> usize {
    let from = at + quote.len();
    text[from..].find(quote).map_or(from, |end| from + end + quote.len())
}

fn rename(expression: &str, from: &str, to: &str) -> String {
    let mut result = String::with_capacity(expression.len());
    let mut at = 0;
    while at < expression.len() {
        let rest = &expression[at..];
        if let Some(length) = reference(expression, at, from) {
            result.push_str(&rest[..length - from.len()]);
            result.push_str(to);
            at += length;
        } else if let Some(quote) = quote_at(rest) {
            let end = after_string(expression, at, quote);
            result.push_str(&expression[at..end]);
            at = end;
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            result.push_str(&rest[..length]);
            at += length;
        }
    }
    result
}

/// When `steps.from` or `steps['from` stands here: its length up to the end of the id.
fn reference(expression: &str, at: usize, id: &str) -> Option<usize> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let before = expression[..at].trim_end();
    if expression[..at].ends_with(word) || before.ends_with('.') {
        return None;
    }
    let rest = &expression[at..];
    let tail = rest.strip_prefix("steps")?.trim_start();
    let tail = match tail.strip_prefix('.') {
        Some(tail) => tail.trim_start(),
        None => {
            let tail = tail.strip_prefix('[')?.trim_start();
            let quote = quote_at(tail)?;
            let tail = &tail[quote.len()..];
            tail.strip_prefix(id)?.starts_with(quote).then_some(tail)?
        }
    };
    let end = tail.strip_prefix(id)?;
    (!end.starts_with(word)).then(|| rest.len() - end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_references_inside_expressions_are_renamed() {
        let cases = [
            ("steps.a ${{ steps.a.output + steps.ab.output }}", "steps.a ${{ steps.b.output + steps.ab.output }}"),
            ("${{ steps['a'].output }}", "${{ steps['b'].output }}"),
            (r#""${{ steps[\"a\"].output + 'steps.a' }}""#, r#""${{ steps[\"b\"].output + 'steps.a' }}""#),
            ("'${{ steps[''a''].output }}'", "'${{ steps[''b''].output }}'"),
            ("$${{ steps.a.output }}", "$${{ steps.a.output }}"),
            ("${{ x.steps.a }}", "${{ x.steps.a }}"),
            ("${{ grüße + steps.a.output }}", "${{ grüße + steps.b.output }}"),
            ("${{ '}}' + steps.a.output }} steps.a", "${{ '}}' + steps.b.output }} steps.a"),
            ("${{ has(steps.a.output) ? steps . a . output : 1 }}", "${{ has(steps.b.output) ? steps . b . output : 1 }}"),
        ];
        for (text, wanted) in cases {
            assert_eq!(rename_in_expressions(text, "a", "b"), wanted);
        }
    }
}
