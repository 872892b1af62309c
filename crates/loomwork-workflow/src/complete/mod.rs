//! What can be written at a place of a text: names in expressions, steps in `needs`, keys.
//!
//! Invariant: works on texts that are being written, so on broken ones too; gives less then, never something wrong.
//! Not here: whether what is written is right (`analyze`).

mod expression;
mod page;
mod preview;

use serde::Serialize;

use self::page::Page;
use crate::Scope;
use crate::expression::{MACROS, builtins};
use crate::text::{Lines, Place, Span};

/// What something that can be written is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum CompletionKind {
    Key,
    Step,
    Port,
    Name,
    Field,
    Function,
}

/// Something that can be written at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// What is written.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// What it means, in a few words.
    pub detail: String,
    /// Its type, or the signature of a function.
    #[serde(rename = "type")]
    pub of: Option<String>,
    /// Its value in the run, in short.
    pub value: Option<String>,
    /// What it replaces: the word that has been begun.
    pub replace: Span,
}

/// What the name at a place means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hover {
    /// What it means.
    pub text: String,
    /// Its type, or the signature of a function.
    #[serde(rename = "type")]
    pub of: Option<String>,
    /// Its value in the run, in short.
    pub value: Option<String>,
    /// The name.
    pub span: Span,
}

/// What can be written at an offset (in bytes), in the order in which it should be offered; with the values of a run.
#[must_use]
pub fn complete(text: &str, offset: usize, run: Option<&Scope>) -> Vec<Completion> {
    let offset = on_boundary(text, offset);
    offered(&Page::new(text, offset), text, offset, run)
}

/// What can be written at an offset of a field of a step (none: of the workflow), as `complete` says it. The span is one
/// of the field.
#[must_use]
pub fn complete_field(text: &str, step: Option<&str>, field: &str, offset: usize, run: Option<&Scope>) -> Vec<Completion> {
    let offset = on_boundary(field, offset);
    if expression_before(&field[..offset]).is_none() {
        return Vec::new();
    }
    offered(&Page::at(text, step), field, offset, run)
}

/// What the name at an offset (in bytes) means, and what it is in a run; none when there is nothing to say.
#[must_use]
pub fn hover(text: &str, offset: usize, run: Option<&Scope>) -> Option<Hover> {
    let end = end_of_word(text, offset);
    word_of(text, end, complete(text, end, run))
}

/// What the name at an offset of a field means, as `hover` says it.
#[must_use]
pub fn hover_field(text: &str, step: Option<&str>, field: &str, offset: usize, run: Option<&Scope>) -> Option<Hover> {
    let end = end_of_word(field, offset);
    word_of(field, end, complete_field(text, step, field, end, run))
}

/// A function of the expression language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called, and what it gives.
    pub signature: String,
    /// What it does, in a few words.
    pub help: &'static str,
}

/// All functions of the expression language, and its macros.
#[must_use]
pub fn functions() -> Vec<Function> {
    let macros = MACROS.iter().map(|(name, signature, help)| Function { name, signature: (*signature).to_owned(), help });
    let named = builtins().iter().map(|found| Function { name: found.name, signature: found.signature(), help: found.help });
    macros.chain(named).collect()
}

/// The path of the step that stands at a line, from 1.
#[must_use]
pub fn step_at(text: &str, line: u32) -> Option<String> {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum::<usize>();
    Page::new(text, start).step().map(|node| node.id.clone())
}

fn offered(page: &Page, text: &str, offset: usize, run: Option<&Scope>) -> Vec<Completion> {
    let start =
        text[..offset].rfind(|c: char| !is_word(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let (begun, before) = (&text[start..offset], &text[..start]);
    let mut offers = match expression_before(before) {
        Some(expression) => expression::offers(page, expression, run),
        None => page.in_yaml(before),
    };
    offers.retain(|offer| offer.label.starts_with(begun));
    let replace = Lines::new(text).span(Place::new(start, offset));
    let completion = |Offer { label, kind, detail, of, value }| Completion { label, kind, detail, of, value, replace };
    offers.into_iter().map(completion).collect()
}

fn end_of_word(text: &str, offset: usize) -> usize {
    let offset = on_boundary(text, offset);
    offset + text[offset..].find(|c: char| !is_word(c)).unwrap_or(text.len() - offset)
}

fn word_of(text: &str, end: usize, offered: Vec<Completion>) -> Option<Hover> {
    let found = offered.into_iter().find(|found| {
        let word = text.get(found.replace.start.offset..end).unwrap_or("");
        !word.is_empty() && found.label == word
    })?;
    Some(Hover { text: found.detail, of: found.of, value: found.value, span: found.replace })
}

/// Something that can be written, before it has a place.
struct Offer {
    label: String,
    kind: CompletionKind,
    detail: String,
    of: Option<String>,
    value: Option<String>,
}

fn on_boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The part of the expression before a place, when the place is in one.
fn expression_before(before: &str) -> Option<&str> {
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let open = before.rfind("${{").filter(|open| *open >= line || !before[*open..].contains("\n\n"))?;
    let expression = &before[open + 3..];
    (!expression.contains("}}")).then_some(expression)
}
