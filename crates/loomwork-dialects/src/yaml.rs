//! Writes YAML for people: short things on one line, scripts as literal blocks, comments where they belong.
//!
//! Invariant: what is written reads back as what was given; plain (unquoted) text is used only where no reader could take it
//! for something else.

use serde_json::Value;

use crate::source::resolve_plain;

/// Longest line that a list or map may have in flow style.
const WIDTH: usize = 100;

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Yaml {
    /// A scalar that is not text.
    Plain(Value),
    Text(String),
    List(Vec<Yaml>),
    Map(Map),
}

/// A map to write, in the order in which it was filled.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Map {
    /// Comment above it, when it is an item of a list.
    pub(crate) comment: Vec<String>,
    entries: Vec<Entry>,
    /// Never on one line, and as an item of a list with an empty line before it: a step.
    block: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    key: String,
    value: Yaml,
    comment: Vec<String>,
}

impl Map {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A map that is always written over several lines.
    pub(crate) fn block() -> Self {
        Self { block: true, ..Self::default() }
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Yaml>) -> Self {
        self.put(key, value);
        self
    }

    /// Sets a key, replacing what it had.
    pub(crate) fn put(&mut self, key: &str, value: impl Into<Yaml>) {
        let value = value.into();
        match self.entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value,
            None => self.entries.push(Entry { key: key.to_owned(), value, comment: Vec::new() }),
        }
    }

    /// Sets a key that has something to say.
    pub(crate) fn put_some(&mut self, key: &str, value: Option<impl Into<Yaml>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Sets a key unless its map is empty.
    pub(crate) fn put_filled(&mut self, key: &str, map: Map) {
        if !map.is_empty() {
            self.put(key, map);
        }
    }

    /// A comment above a key.
    pub(crate) fn note(&mut self, key: &str, comment: impl Into<String>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == key) {
            entry.comment.push(comment.into());
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Yaml> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Yaml {
    fn from(number: u64) -> Self {
        Self::Plain(number.into())
    }
}

impl From<bool> for Yaml {
    fn from(value: bool) -> Self {
        Self::Plain(value.into())
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<Yaml>> From<Vec<T>> for Yaml {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<Value> for Yaml {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    map.put(&key, value);
                }
                Self::Map(map)
            }
            other => Self::Plain(other),
        }
    }
}

/// Writes a whole file: the head as comments, then the map, its larger parts set apart by empty lines.
pub(crate) fn file(head: &[String], map: &Map) -> String {
    let mut out = String::new();
    comment(&mut out, head, 0);
    let mut apart = false;
    for entry in &map.entries {
        let large = matches!(entry.value, Yaml::List(_) | Yaml::Map(_)) || !entry.comment.is_empty();
        if (large || apart) && !out.is_empty() {
            out.push('\n');
        }
        apart = large;
        put_entry(&mut out, entry, 0);
    }
    out
}

fn comment(out: &mut String, lines: &[String], indent: usize) {
    for line in lines.iter().flat_map(|text| text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])) {
        let clean: String = line.chars().map(|c| if printable(c) { c } else { '\u{fffd}' }).collect();
        pad(out, indent);
        out.push_str(format!("# {clean}").trim_end());
        out.push('\n');
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn put_map(out: &mut String, map: &Map, indent: usize, first_inline: bool) {
    for (at, entry) in map.entries.iter().enumerate() {
        let inline = first_inline && at == 0 && entry.comment.is_empty();
        if inline {
            put_key_value(out, entry, indent);
        } else {
            if first_inline && at == 0 {
                // A comment cannot stand between the dash and the first key.
                out.truncate(out.trim_end().len());
                out.push('\n');
            }
            put_entry(out, entry, indent);
        }
    }
}

fn put_entry(out: &mut String, entry: &Entry, indent: usize) {
    comment(out, &entry.comment, indent);
    pad(out, indent);
    put_key_value(out, entry, indent);
}

fn put_key_value(out: &mut String, entry: &Entry, indent: usize) {
    out.push_str(&key_text(&entry.key));
    out.push(':');
    let used = indent + entry.key.len() + 2;
    match &entry.value {
        Yaml::Text(text) if is_block(text) => put_literal(out, text, indent + 2),
        value => match one_line(value, used) {
            Some(text) => {
                out.push(' ');
                out.push_str(&text);
                out.push('\n');
            }
            None => {
                out.push('\n');
                match value {
                    Yaml::Map(map) => put_map(out, map, indent + 2, false),
                    Yaml::List(items) => put_list(out, items, indent + 2),
                    Yaml::Plain(_) | Yaml::Text(_) => {}
                }
            }
        },
    }
}

fn put_list(out: &mut String, items: &[Yaml], indent: usize) {
    for (at, item) in items.iter().enumerate() {
        if let Yaml::Map(map) = item {
            if map.block && at > 0 {
                out.push('\n');
            }
            comment(out, &map.comment, indent);
        }
        pad(out, indent);
        match item {
            Yaml::Text(text) if is_block(text) => {
                out.push('-');
                put_literal(out, text, indent + 2);
            }
            value => match (one_line(value, indent + 2), value) {
                (Some(text), _) => {
                    out.push_str("- ");
                    out.push_str(&text);
                    out.push('\n');
                }
                (None, Yaml::Map(map)) => {
                    out.push_str("- ");
                    put_map(out, map, indent + 2, true);
                }
                (None, Yaml::List(items)) => {
                    out.push_str("-\n");
                    put_list(out, items, indent + 2);
                }
                (None, _) => {}
            },
        }
    }
}

/// Whether a text is written as a literal block.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with("\n\n")
        && text.chars().all(|c| c == '\n' || c == '\t' || (printable(c) && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')))
        && text.lines().all(|line| line.is_empty() || !line.trim().is_empty())
}

fn put_literal(out: &mut String, text: &str, indent: usize) {
    out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
    for line in text.split_terminator('\n') {
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// A value on one line, when it fits there. Scalars always do.
fn one_line(value: &Yaml, used: usize) -> Option<String> {
    match value {
        Yaml::Plain(value) => Some(value.to_string()),
        Yaml::Text(text) => Some(scalar(text, false)),
        Yaml::List(items) if items.is_empty() => Some("[]".to_owned()),
        Yaml::Map(map) if map.is_empty() => Some("{}".to_owned()),
        collection => flow(collection, 0).filter(|text| text.chars().count() + used <= WIDTH),
    }
}

fn flow(value: &Yaml, depth: usize) -> Option<String> {
    match value {
        Yaml::Plain(value) => Some(value.to_string()),
        Yaml::Text(text) => (!text.contains('\n')).then(|| scalar(text, true)),
        _ if depth > 2 => None,
        Yaml::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| flow(item, depth + 1)).collect();
            items.map(|items| format!("[{}]", items.join(", ")))
        }
        Yaml::Map(map) => {
            let open = map.block || !map.comment.is_empty() || map.entries.iter().any(|entry| !entry.comment.is_empty());
            if open {
                return None;
            }
            let entries: Option<Vec<String>> = map
                .entries
                .iter()
                .map(|entry| flow(&entry.value, depth + 1).map(|value| format!("{}: {value}", key_text(&entry.key))))
                .collect();
            entries.map(|entries| if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) })
        }
    }
}

fn key_text(key: &str) -> String {
    if key.len() <= 200 { scalar(key, true) } else { quoted(key) }
}

fn scalar(text: &str, in_flow: bool) -> String {
    if is_plain(text, in_flow) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str, in_flow: bool) -> bool {
    if is_duration(text) {
        return true;
    }
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/' | '.' | '$'));
    let inner = |c: char| {
        c.is_alphanumeric()
            || matches!(
                c,
                ' ' | '_'
                    | '-'
                    | '.'
                    | '/'
                    | '+'
                    | '@'
                    | '('
                    | ')'
                    | '='
                    | '$'
                    | ';'
                    | '"'
                    | '\''
                    | '*'
                    | '<'
                    | '>'
                    | '|'
                    | '&'
                    | '%'
                    | '~'
                    | '^'
                    | '\\'
            )
            || (!in_flow && matches!(c, ',' | '{' | '}' | '[' | ']' | '!' | '?'))
    };
    starts
        && text.len() <= 400
        && text.chars().all(|c| inner(c) || c == ':')
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !(in_flow && text.contains(':') && !text.contains("://"))
        && !text.starts_with("${{")
        && !text.starts_with("...")
        && resolve_plain(text).is_string()
        && !matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "on" | "off" | "y" | "n" | "true" | "false" | "null")
}

/// `1h30m`: no reader takes a number with these letters for anything but text.
fn is_duration(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(['s', 'm', 'h', 'd'])
        && text.len() < 20
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, 's' | 'm' | 'h' | 'd'))
}

fn printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if !printable(c) || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use proptest::prelude::*;

    fn json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "\\PC{0,12}",
            "[ a:#\\-\\n\\t'\"{}\\[\\],&*!|>%@`$]{0,8}",
            Just("yes".to_owned()),
            Just("1e3".to_owned()),
            Just("a\nb\n".to_owned()),
            Just("\u{7f}\u{85}\r\n".to_owned())
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((text.clone(), inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]
        #[test]
        fn what_is_written_reads_back(value in json(), block in any::<bool>()) {
            let mut map = if block { Map::block() } else { Map::new() };
            map.put("value", value.clone());
            map.put("list", vec![Yaml::from(value.clone()), Yaml::from(value.clone())]);
            map.note("list", "a remark\nof two lines");
            let text = file(&["head".to_owned()], &Map::new().with("outer", vec![map]));
            let back = Source::read("x", &text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            let item = back.root().value()["outer"][0].clone();
            prop_assert_eq!(&item["value"], &value, "{}", text);
            prop_assert_eq!(&item["list"][1], &value, "{}", text);
        }
    }
}
