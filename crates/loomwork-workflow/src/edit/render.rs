//! Writes values as YAML.
//!
//! Invariant: what is written here is read back as the same value (the caller checks it all the same).

use serde_json::Value;

use crate::yaml::{Style, resolve_plain};

/// Longest line that a collection is written on.
const WIDTH: usize = 72;

/// What is written behind `key:`: the rest of its line (with a leading space, unless empty), and lines below it.
pub(super) struct Behind {
    pub(super) head: String,
    pub(super) body: Vec<String>,
}

/// A value behind a key that stands at a column (from 0).
pub(super) fn behind_key(value: &Value, column: usize) -> Behind {
    match value {
        Value::String(text) if is_literal(text) => {
            let (header, body) = literal(text, column + 2);
            Behind { head: format!(" {header}"), body }
        }
        Value::Object(map) if !map.is_empty() && !fits_on_line(value) => {
            Behind { head: String::new(), body: map_lines(map, column + 2) }
        }
        Value::Array(items) if !items.is_empty() && !fits_on_line(value) => {
            Behind { head: String::new(), body: items.iter().flat_map(|item| item_lines(item, column + 2)).collect() }
        }
        other => Behind { head: format!(" {}", inline(other, false)), body: Vec::new() },
    }
}

/// A key with its value, as lines; the key stands at a column.
pub(super) fn entry_lines(key: &str, value: &Value, column: usize) -> Vec<String> {
    let Behind { head, body } = behind_key(value, column);
    let mut lines = vec![format!("{}{}:{head}", " ".repeat(column), scalar_text(key, false))];
    lines.extend(body);
    lines
}

fn map_lines(map: &serde_json::Map<String, Value>, column: usize) -> Vec<String> {
    map.iter().flat_map(|(key, value)| entry_lines(key, value, column)).collect()
}

/// An item of a list, as lines; its dash stands at a column.
pub(super) fn item_lines(value: &Value, column: usize) -> Vec<String> {
    let dash = format!("{}- ", " ".repeat(column));
    let nested = match value {
        // A step is always written out: its first key is its id.
        Value::Object(map) if !map.is_empty() && (map.contains_key("id") || !fits_on_line(value)) => map_lines(map, column + 2),
        Value::Array(items) if !items.is_empty() && !fits_on_line(value) => {
            items.iter().flat_map(|item| item_lines(item, column + 2)).collect()
        }
        Value::String(text) if is_literal(text) => {
            let (header, body) = literal(text, column + 2);
            return std::iter::once(format!("{dash}{header}")).chain(body).collect();
        }
        other => return vec![format!("{dash}{}", inline(other, false))],
    };
    let mut lines = nested.into_iter();
    let first = lines.next().map_or_else(String::new, |line| format!("{dash}{}", line.trim_start()));
    std::iter::once(first).chain(lines).collect()
}

fn fits_on_line(value: &Value) -> bool {
    let simple =
        |value: &Value| !value.is_object() && !value.is_array() && !value.as_str().is_some_and(|text| text.contains('\n'));
    let all_simple = match value {
        Value::Array(items) => items.iter().all(simple),
        Value::Object(map) => map.values().all(simple),
        _ => true,
    };
    all_simple && inline(value, false).chars().count() <= WIDTH
}

/// A value on one line. Inside flow collections `flow` says so.
pub(super) fn inline(value: &Value, flow: bool) -> String {
    match value {
        Value::String(text) => scalar_text(text, flow),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item, true)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {}", scalar_text(key, true), inline(value, true))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

fn scalar_text(text: &str, flow: bool) -> String {
    if is_plain(text, flow) { text.to_owned() } else { double_quoted(text) }
}

/// A text in the quoting that stood there before, when it can be kept.
pub(super) fn in_style(text: &str, style: Style, flow: bool) -> Option<String> {
    match style {
        Style::Double => Some(double_quoted(text)),
        Style::Single if !text.chars().any(char::is_control) && !has_odd_chars(text) => {
            Some(format!("'{}'", text.replace('\'', "''")))
        }
        Style::Plain if is_plain(text, flow) => Some(text.to_owned()),
        _ => None,
    }
}

/// Whether a text can stand without quotes, by a rule stricter than YAML's.
fn is_plain(text: &str, flow: bool) -> bool {
    let first_fine = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '$' | '('));
    let fine = |c: char| !c.is_control() && (!flow || !matches!(c, ',' | '[' | ']' | '{' | '}'));
    first_fine
        && text.chars().all(fine)
        && !has_odd_chars(text)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains("${{")
        && !text.starts_with("...")
        && !(flow && text.contains(':'))
        && resolve_plain(text).is_string()
}

/// Characters that end lines or are not seen; they are escaped.
fn has_odd_chars(text: &str) -> bool {
    text.chars().any(is_odd)
}

fn is_odd(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// JSON's escapes are all escapes of YAML.
fn double_quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in Value::from(text).to_string().chars() {
        if is_odd(c) {
            quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            quoted.push(c);
        }
    }
    quoted
}

/// Whether a text is written as a block of lines. Empty lines at its end would depend on what follows; it is quoted then.
fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.ends_with("\n\n")
        && !text.trim_matches('\n').is_empty()
        && !text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || is_odd(c))
}

/// The header and the lines of a block of text.
pub(super) fn literal(text: &str, column: usize) -> (String, Vec<String>) {
    let content = text.trim_end_matches('\n');
    let chomping = if text.ends_with('\n') { "" } else { "-" };
    let first = content.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let led_by_space =
        first.starts_with([' ', '\t']) || content.lines().take_while(|line| line.trim().is_empty()).any(|line| !line.is_empty());
    let indicator = if led_by_space { "2" } else { "" };
    let indent = " ".repeat(column);
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{indent}{line}") };
    (format!("|{indicator}{chomping}"), content.split('\n').map(line).collect())
}
