//! Keeps the values of secrets out of everything that is kept: logs, outputs, errors.
//!
//! Invariant: a value is replaced also when a stream delivers it in pieces: what may be the beginning of one is held back until
//! the next piece decides. Not here: forms of a value that a program made of it, such as its base64, save those made here.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use loomwork_run::{AttemptOutcome, RunError};
use serde_json::{Map, Value};

/// What stands in place of a secret.
const MASK: &str = "•••";

/// Lines of a value with many that are worth hiding alone.
const MIN_LINE_BYTES: usize = 8;

/// Replaces the values of some secrets.
#[derive(Debug)]
pub(crate) struct Redactor {
    needles: Vec<String>,
    matcher: AhoCorasick,
}

impl Redactor {
    /// A redactor for values; none when there is nothing to hide.
    pub(crate) fn new(values: &[String]) -> Option<Arc<Self>> {
        let mut needles: Vec<String> = values.iter().flat_map(|value| forms(value)).filter(|form| !form.is_empty()).collect();
        needles.sort();
        needles.dedup();
        if needles.is_empty() {
            return None;
        }
        let matcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&needles);
        // It fails only for needles of gigabytes together, which fit in no file of secrets.
        Some(Arc::new(Self { matcher: matcher.ok()?, needles }))
    }

    /// A redactor that hides another value too.
    pub(crate) fn and(&self, value: String) -> Option<Arc<Self>> {
        let values: Vec<String> = self.needles.iter().cloned().chain([value]).collect();
        Self::new(&values)
    }

    /// A text without the values.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        self.matcher.replace_all_with(text, &mut clean, |_, _, clean| {
            clean.push_str(MASK);
            true
        });
        clean
    }

    /// A JSON value without the values, in keys too.
    pub(crate) fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if self.matcher.is_match(text.as_str()) {
                    *text = self.text(text);
                }
            }
            Value::Number(number) => {
                let text = number.to_string();
                if self.needles.contains(&text) {
                    *value = Value::from(MASK);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.value(field));
                if fields.keys().any(|key| self.matcher.is_match(key.as_str())) {
                    let all: Map<String, Value> = std::mem::take(fields);
                    *fields = all.into_iter().map(|(key, field)| (self.text(&key), field)).collect();
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn error(&self, error: &mut RunError) {
        error.message = self.text(&error.message);
        self.value(&mut error.details);
    }

    /// An outcome without the values.
    pub(crate) fn outcome(&self, outcome: &mut AttemptOutcome) {
        match outcome {
            AttemptOutcome::Succeeded { output } => self.value(output),
            AttemptOutcome::Failed(error) => self.error(error),
            AttemptOutcome::Cancelled => {}
        }
    }

    /// Where the part of a stream that has to be held back begins: it may be the beginning of a value.
    fn undecided(&self, bytes: &[u8]) -> usize {
        let longest = self.needles.iter().map(String::len).max().unwrap_or(0);
        let first = bytes.len().saturating_sub(longest.saturating_sub(1));
        let may_begin = |from: &usize| {
            let rest = &bytes[*from..];
            self.needles.iter().any(|needle| needle.len() > rest.len() && needle.as_bytes().starts_with(rest))
        };
        (first..bytes.len()).find(may_begin).unwrap_or(bytes.len())
    }
}

/// The forms in which a value may come back: as it is, as a JSON text, without its last line break, and line by line.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    let trimmed = value.trim();
    forms.push(trimmed.to_owned());
    let json = Value::from(trimmed).to_string();
    forms.push(json[1..json.len() - 1].to_owned());
    if trimmed.contains('\n') {
        forms.extend(trimmed.lines().map(str::trim).filter(|line| line.len() >= MIN_LINE_BYTES).map(str::to_owned));
    }
    forms
}

/// A stream whose values are replaced as it passes.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    held: Vec<u8>,
}

impl Passing {
    /// Takes a piece and gives what may pass.
    pub(crate) fn push(&mut self, redactor: &Redactor, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mut clean = Vec::with_capacity(self.held.len());
        let undecided = redactor.undecided(&self.held);
        let mut from = 0;
        for found in redactor.matcher.find_iter(&self.held) {
            // One that ends within the undecided part may be the beginning of a longer one.
            if found.start() >= undecided {
                break;
            }
            clean.extend_from_slice(&self.held[from..found.start()]);
            clean.extend_from_slice(MASK.as_bytes());
            from = found.end();
        }
        let until = undecided.max(from);
        clean.extend_from_slice(&self.held[from..until]);
        self.held.drain(..until);
        clean
    }

    /// The rest, when the stream has ended.
    pub(crate) fn finish(&mut self, redactor: &Redactor) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut clean = Vec::with_capacity(held.len());
        redactor.matcher.replace_all_with_bytes(&held, &mut clean, |_, _, clean| {
            clean.extend_from_slice(MASK.as_bytes());
            true
        });
        clean
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redactor(values: &[&str]) -> Arc<Redactor> {
        Redactor::new(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_value_is_replaced_wherever_a_stream_is_cut() {
        let redactor = redactor(&["s3cret", "s3cret-long", "ab\ncdefghijk"]);
        let text = "x s3cret, s3cret-long, s3cr s3 ab\ncdefghijk y s3c";
        for size in 1..text.len() {
            let mut passing = Passing::default();
            let mut clean: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| passing.push(&redactor, piece)).collect();
            clean.extend(passing.finish(&redactor));
            assert_eq!(String::from_utf8(clean).unwrap(), "x •••, •••, s3cr s3 ••• y s3c", "in pieces of {size}");
        }
    }

    #[test]
    fn what_cannot_be_the_beginning_of_a_value_passes_at_once() {
        let mut passing = Passing::default();
        assert_eq!(passing.push(&redactor(&["token"]), b"line to"), b"line ");
    }

    #[test]
    fn values_are_replaced_in_texts_keys_and_numbers_of_json() {
        let mut value = json!({"a": ["x tok y", 1234, 12345], "tok": {"b": true}});
        redactor(&["tok", "1234"]).value(&mut value);
        assert_eq!(value, json!({"a": ["x ••• y", "•••", 12345], "•••": {"b": true}}));
    }

    #[test]
    fn a_value_is_found_also_as_json_text_and_line_by_line() {
        let redactor = redactor(&["first line\nsecond \"line\"\n"]);
        assert_eq!(redactor.text(r#"{"k":"first line\nsecond \"line\""}"#), r#"{"k":"•••"}"#);
        assert_eq!(redactor.text("> first line"), "> •••");
    }

    #[test]
    fn nothing_to_hide_needs_no_redactor() {
        assert!(Redactor::new(&[]).is_none() && Redactor::new(&[String::new()]).is_none());
    }
}
