//! Finds and changes the names of steps inside expressions, without touching anything else of them.

use crate::text::Place;

/// The text with `steps.from` and `steps['from']` renamed inside its expressions.
pub(super) fn rename_in_expressions(text: &str, from: &str, to: &str) -> String {
    rewrite(text, &|name, _| (name == from).then(|| (0, to.to_owned())))
}

/// The names of steps that the expressions of a text read.
pub(super) fn names_in_expressions(text: &str) -> Vec<String> {
    let found = std::cell::RefCell::new(Vec::new());
    rewrite(text, &|name, _| {
        found.borrow_mut().push(name.to_owned());
        None
    });
    found.into_inner()
}

/// Gives for a name and what follows it: how much of that goes, and what stands there instead of both.
pub(crate) type Change<'c> = dyn Fn(&str, &str) -> Option<(usize, String)> + 'c;

/// The text with the names in `steps.name` and `steps['name']` changed inside its expressions.
///
/// Works on raw YAML as well as on plain text: quotation marks of the expression may be escaped (`\"`) or doubled (`''`).
pub(crate) fn rewrite(text: &str, change: &Change<'_>) -> String {
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
        result.push_str(&rewritten(&expression[..end], change));
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

fn rewritten(expression: &str, change: &Change<'_>) -> String {
    let mut result = String::with_capacity(expression.len());
    let mut at = 0;
    while at < expression.len() {
        let rest = &expression[at..];
        if let Some(Place { start, end }) = reference(expression, at) {
            let new = change(&expression[start..end], &expression[end..]);
            let (taken, name) = new.unwrap_or_else(|| (0, expression[start..end].to_owned()));
            result.push_str(&expression[at..start]);
            result.push_str(&name);
            at = end + taken;
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

/// When `steps.name` or `steps['name` stands here: where the name is.
fn reference(expression: &str, at: usize) -> Option<Place> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let before = expression[..at].trim_end();
    if expression[..at].ends_with(word) || before.ends_with('.') {
        return None;
    }
    let tail = expression[at..].strip_prefix("steps")?.trim_start();
    let (tail, quote) = match tail.strip_prefix('.') {
        Some(tail) => (tail.trim_start(), None),
        None => {
            let tail = tail.strip_prefix('[')?.trim_start();
            let quote = quote_at(tail)?;
            (&tail[quote.len()..], Some(quote))
        }
    };
    let length = match quote {
        Some(quote) => tail.find(quote)?,
        None => tail.find(|c: char| !word(c)).unwrap_or(tail.len()),
    };
    let start = expression.len() - tail.len();
    (length > 0).then(|| Place::new(start, start + length))
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
