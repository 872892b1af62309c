//! A value in a few words.

use serde_json::Value;

/// Longest preview, in characters.
const MAX_CHARS: usize = 160;

/// A value as JSON, cut where it gets long; looks at no more of it than it shows.
pub(super) fn preview(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn write(value: &Value, into: &mut String) {
    // Bytes are no fewer than characters.
    if into.len() > MAX_CHARS * 4 {
        return;
    }
    match value {
        Value::String(text) => {
            let end = text.char_indices().nth(MAX_CHARS + 1).map_or(text.len(), |(end, _)| end);
            into.push_str(&Value::from(&text[..end]).to_string());
        }
        Value::Array(items) => {
            into.push('[');
            for (at, item) in items.iter().take(MAX_CHARS).enumerate() {
                into.push_str(if at == 0 { "" } else { ", " });
                write(item, into);
            }
            into.push(']');
        }
        Value::Object(map) => {
            into.push('{');
            for (at, (key, item)) in map.iter().take(MAX_CHARS).enumerate() {
                into.push_str(if at == 0 { "" } else { ", " });
                into.push_str(key);
                into.push_str(": ");
                write(item, into);
            }
            into.push('}');
        }
        other => into.push_str(&other.to_string()),
    }
}
