//! What can be written at a place of a text: names in expressions, steps in `needs`, keys.
//!
//! Invariant: works on texts that are being written, so on broken ones too; gives less then, never something wrong.
//! Not here: whether what is written is right (`analyze`).

use serde::Serialize;
use serde_json::Value;

use crate::analysis::analyze;
use crate::decode::keys::{Key, STEP, TOP};
use crate::expression::FUNCTION_NAMES;
use crate::outline::{Outline, OutlineNode};
use crate::text::{Lines, Place, Span};
use crate::yaml::{Node, read};

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
    /// What it replaces: the word that has been begun.
    pub replace: Span,
}

/// What the name at a place means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hover {
    /// What it means.
    pub text: String,
    /// The name.
    pub span: Span,
}

/// What can be written at an offset (in bytes), in the order in which it should be offered.
#[must_use]
pub fn complete(text: &str, offset: usize) -> Vec<Completion> {
    let offset = on_boundary(text, offset);
    let page = Page::new(text, offset);
    let start =
        text[..offset].rfind(|c: char| !is_word(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let (begun, before) = (&text[start..offset], &text[..start]);
    let mut offered = match expression_before(before) {
        Some(expression) => page.in_expression(expression),
        None => page.in_yaml(before),
    };
    offered.retain(|(label, ..)| label.starts_with(begun));
    let replace = Lines::new(text).span(Place::new(start, offset));
    let completion = |(label, kind, detail): Offer| Completion { label, kind, detail, replace };
    offered.into_iter().map(completion).collect()
}

/// What the name at an offset (in bytes) means; none when there is nothing to say.
#[must_use]
pub fn hover(text: &str, offset: usize) -> Option<Hover> {
    let offset = on_boundary(text, offset);
    let end = offset + text[offset..].find(|c: char| !is_word(c)).unwrap_or(text.len() - offset);
    let found = complete(text, end).into_iter().find(|found| {
        let word = text.get(found.replace.start.offset..end).unwrap_or("");
        !word.is_empty() && found.label == word
    })?;
    Some(Hover { text: found.detail, span: found.replace })
}

type Offer = (String, CompletionKind, String);

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

/// A text that is being written, and where.
struct Page {
    outline: Outline,
    root: Option<Node>,
    line: u32,
    /// Whether the line itself was left out to read the rest.
    mended: bool,
}

impl Page {
    fn new(text: &str, offset: usize) -> Self {
        let line = Lines::new(text).line(offset);
        let analysis = analyze(text);
        if !analysis.outline.nodes.is_empty() && !analysis.diagnostics.iter().any(|found| found.code == "LW0101") {
            return Self { outline: analysis.outline, root: read(text).0, line, mended: false };
        }
        // The line that is being written is what cannot be read, mostly.
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
        let without = format!("{}{}", &text[..start], &text[end..]);
        Self { outline: analyze(&without).outline, root: read(&without).0, line, mended: true }
    }

    /// The innermost step at the place.
    fn step(&self) -> Option<&OutlineNode> {
        // Without its last line a step seems to end before it.
        let here = |node: &&OutlineNode| node.line <= self.line && (self.mended || self.line <= node.end_line);
        self.outline.nodes.iter().rfind(here)
    }

    /// The steps that can be seen from the place, those of the inner scope first; without the step itself and those around it.
    fn visible(&self) -> Vec<&OutlineNode> {
        let own = self.step();
        let path = own.map_or("", |node| node.id.as_str());
        let mut scope = own.and_then(|node| node.parent.as_deref());
        let mut seen: Vec<&OutlineNode> = Vec::new();
        loop {
            for node in self.outline.nodes.iter().filter(|node| node.parent.as_deref() == scope) {
                let around = path == node.id || path.starts_with(&format!("{}.", node.id));
                if !around && !node.id.contains('@') && !seen.iter().any(|seen| last(&seen.id) == last(&node.id)) {
                    seen.push(node);
                }
            }
            match scope {
                None => return seen,
                Some(path) => scope = path.rsplit_once('.').map(|(outer, _)| outer),
            }
        }
    }

    fn in_expression(&self, expression: &str) -> Vec<Offer> {
        let chain_start = expression
            .rfind(|c: char| !(is_word(c) || c == '.'))
            .map_or(0, |at| at + expression[at..].chars().next().map_or(1, char::len_utf8));
        let chain: Vec<&str> = expression[chain_start..].split('.').collect();
        let name = |name: String, detail: String| (name, CompletionKind::Name, detail);
        let field = |(name, detail): (&str, &str)| (name.to_owned(), CompletionKind::Field, detail.to_owned());
        match chain[..] {
            [""] => self.roots(),
            ["inputs", ""] => {
                let detail = |kind: &str, text: Option<&str>| text.map_or(kind.to_owned(), |text| format!("{kind}: {text}"));
                let inputs = self.outline.inputs.iter();
                inputs.map(|input| name(input.name.clone(), detail(&input.kind, input.description.as_deref()))).collect()
            }
            ["env", ""] => {
                self.names("env").into_iter().map(|found| name(found, "environment of the workflow".to_owned())).collect()
            }
            ["secrets", ""] => self.names("secrets").into_iter().map(|found| name(found, "secret".to_owned())).collect(),
            ["steps", ""] => {
                let detail =
                    |node: &OutlineNode| node.title.clone().unwrap_or_else(|| format!("{}: {}", node.action, node.summary));
                self.visible().into_iter().map(|node| (last(&node.id).to_owned(), CompletionKind::Step, detail(node))).collect()
            }
            ["steps", _, ""] => STEP_FIELDS.into_iter().map(field).collect(),
            ["steps", id, "output", ""] => self.outputs(id),
            ["steps", _, "error", ""] => ERROR_FIELDS.into_iter().map(field).collect(),
            ["run", ""] => RUN_FIELDS.into_iter().map(field).collect(),
            ["pass", ""] => PASS_FIELDS.into_iter().map(field).collect(),
            ["event", ""] => EVENT_FIELDS.into_iter().map(field).collect(),
            _ => Vec::new(),
        }
    }

    fn roots(&self) -> Vec<Offer> {
        let mut offers: Vec<Offer> =
            ROOTS.into_iter().map(|(name, detail)| (name.to_owned(), CompletionKind::Name, detail.to_owned())).collect();
        let path = self.step().map_or("", |node| node.id.as_str());
        let around = |repeat: &str| {
            let within = |node: &&OutlineNode| node.id == path || path.starts_with(&format!("{}.", node.id));
            self.outline.nodes.iter().filter(within).any(|node| node.repeat == Some(repeat))
        };
        for (name, repeat, detail) in LOCALS {
            if around(repeat) {
                offers.insert(0, (name.to_owned(), CompletionKind::Name, detail.to_owned()));
            }
        }
        let functions = FUNCTION_NAMES.iter().map(|name| ((*name).to_owned(), CompletionKind::Function, "function".to_owned()));
        offers.extend(functions);
        offers
    }

    /// What is known of the output of a step.
    fn outputs(&self, id: &str) -> Vec<Offer> {
        let Some(node) = self.visible().into_iter().find(|node| last(&node.id) == id && node.repeat.is_none()) else {
            return Vec::new();
        };
        let known: Vec<String> = match node.action.as_str() {
            "run" | "command" if node.fields.get("output").is_none() => {
                ["exit_code", "stdout", "stderr_tail"].map(str::to_owned).to_vec()
            }
            "http" => ["status", "headers", "body"].map(str::to_owned).to_vec(),
            "approve" => ["decision", "by", "comment", "form"].map(str::to_owned).to_vec(),
            "set" => keys(node.fields.get("set")),
            "steps" if node.fields.get("outputs").is_some() => keys(node.fields.get("outputs")),
            "steps" => {
                let inner = self.outline.nodes.iter().filter(|inner| inner.parent.as_deref() == Some(node.id.as_str()));
                inner.map(|inner| last(&inner.id).to_owned()).collect()
            }
            _ => Vec::new(),
        };
        known.into_iter().map(|name| (name, CompletionKind::Field, format!("output of `{id}`"))).collect()
    }

    fn names(&self, key: &str) -> Vec<String> {
        let value = self.root.as_ref().and_then(|root| root.get(key)).map(Node::to_json);
        match value {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            other => keys(other.as_ref()),
        }
    }

    /// Steps and ports in `needs`, and keys at the beginning of a line.
    fn in_yaml(&self, before: &str) -> Vec<Offer> {
        let line = before.rsplit('\n').next().unwrap_or("");
        if let Some(list) = line.split_once("needs:").map(|(_, list)| list).filter(|list| !list.contains(']')) {
            return self.in_needs(list);
        }
        let indent = line.trim_start_matches([' ', '-']);
        if !indent.is_empty() {
            return Vec::new();
        }
        let offer = |key: &Key| (key.name.to_owned(), CompletionKind::Key, key.doc.to_owned());
        if line.is_empty() {
            return TOP.keys.iter().map(offer).collect();
        }
        let Some(step) = self.step() else { return Vec::new() };
        STEP.keys.iter().filter(|key| step.fields.get(key.name).is_none()).map(offer).collect()
    }

    fn in_needs(&self, list: &str) -> Vec<Offer> {
        let scope = self.step().and_then(|node| node.parent.as_deref());
        let same = |node: &&OutlineNode| node.parent.as_deref() == scope;
        let word = list.rsplit(|c: char| !(is_word(c) || c == '.')).next().unwrap_or("");
        match word.strip_suffix('.') {
            Some(id) => {
                let source = self.visible().into_iter().filter(same).find(|node| last(&node.id) == id);
                let ports = source.map(|node| node.ports.clone()).unwrap_or_default();
                let offer = |port: String| (port, CompletionKind::Port, format!("port of `{id}`"));
                ports.into_iter().chain(source.map(|_| "failed".to_owned())).map(offer).collect()
            }
            None => {
                let steps = self.visible().into_iter().filter(same);
                steps.map(|node| (last(&node.id).to_owned(), CompletionKind::Step, node.summary.clone())).collect()
            }
        }
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn keys(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

const ROOTS: [(&str, &str); 5] = [
    ("steps", "the steps that can be read here"),
    ("inputs", "the inputs of the run"),
    ("env", "the environment of the workflow"),
    ("run", "the run: id, started_at, trigger"),
    ("secrets", "the secrets of the workflow, in places that take them"),
];
const LOCALS: [(&str, &str, &str); 3] = [
    ("index", "for_each", "number of the element, from 0"),
    ("item", "for_each", "the element of the list"),
    ("pass", "loop", "the pass: index, previous"),
];
const STEP_FIELDS: [(&str, &str); 5] = [
    ("output", "what the step gave back; guard it with has() when the step may be skipped"),
    ("status", "how the step ended: succeeded, failed, skipped or cancelled"),
    ("error", "why the step failed: class, message, details"),
    ("attempts", "how many attempts it took"),
    ("duration", "how long it took"),
];
const ERROR_FIELDS: [(&str, &str); 4] = [
    ("class", "transient, timeout, resource, dependency, validation, security, permanent or unknown"),
    ("message", "what went wrong, in words"),
    ("details", "what else is known"),
    ("recoverable", "whether another attempt may help"),
];
const RUN_FIELDS: [(&str, &str); 3] =
    [("id", "id of the run"), ("started_at", "when it started, a timestamp"), ("trigger", "what started it")];
const PASS_FIELDS: [(&str, &str); 2] = [("index", "number of the pass, from 1"), ("previous", "output of the pass before")];
const EVENT_FIELDS: [(&str, &str); 2] = [("name", "name of the event"), ("data", "data of the event")];
