//! From nodes to a definition, finding every problem on the way.
//!
//! Invariant: decoding never stops at a problem. What cannot be decoded gets a stand-in, and an error says so; whoever
//! uses the result asks first whether there were errors.
//! Not here: how steps hang together (`check`).

mod action;
mod agent;
mod body;
mod control;
mod effect;
mod input;
mod keep;
pub(crate) mod keys;
mod mend;
mod operation;
mod policy;
mod process;
mod repeat;
mod rules;
mod script;
pub(crate) mod settings;
mod sight;
mod step;
mod template;
mod workflow;
mod written;

use crate::analysis::{CalledWorkflow, NamedSecret, WrittenProgram};
use crate::codes::{self, Code};
use crate::diagnostic::{Diagnostic, Fix, Related, Severity, TextEdit};
use crate::expression::Expressions;
use crate::text::{Lines, Place};
use crate::types::{Site, Wants};
use crate::yaml::{Fault, FaultKind, Node};

pub(crate) use body::BodySketch;
pub(crate) use keep::Keep;
pub(crate) use keys::ACTIONS;

pub(crate) use sight::{Purpose, ReadSite};
pub(crate) use step::{Draft, Need, Ports, is_valid_step_id, mend_step_id};
pub(crate) use workflow::{Sketch, decode};
pub(crate) use written::{Written, written};

/// Most steps of a workflow.
pub(crate) const MAX_STEPS: usize = 10_000;

/// Collects problems while something is decoded.
pub(crate) struct Decoder<'t> {
    pub(crate) text: &'t str,
    pub(crate) lines: Lines<'t>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    step: Option<String>,
    path: Vec<String>,
    /// Names declared under `inputs`, and under `env` (of the workflow).
    inputs: Vec<String>,
    env: Vec<String>,
    secrets: Vec<String>,
    /// Where another name goes that is declared under `secrets`.
    secrets_end: Option<mend::Slot>,
    /// Names declared under `agents` and `servers`.
    agents: Vec<String>,
    servers: Vec<String>,
    reads: Vec<ReadSite>,
    /// The texts with expressions, and what the next one is wanted for.
    sites: Vec<Site>,
    wants: Wants,
    /// What is in scope at this place, and why steps are read here.
    sight: sight::Sight,
    purpose: Purpose,
    /// Path of the steps around this scope, with a dot at its end.
    prefix: String,
    /// Steps so far, of all scopes.
    steps: usize,
    /// The ports of an action that could be decoded no further.
    half_decoded: Option<Ports>,
    /// Texts with expressions, parsed.
    pub(crate) expressions: Expressions,
    /// Steps of the version before, and of this one for the next.
    pub(crate) keep: Option<Keep>,
    /// The workflows that are called.
    pub(crate) calls: Vec<CalledWorkflow>,
    /// The jq programs that are written out.
    pub(crate) programs: Vec<WrittenProgram>,
    pub(crate) named_secrets: Vec<NamedSecret>,
    /// What this version checks but cannot run: path of the step, or key at the top, and the feature.
    pub(crate) unsupported: Vec<(String, String)>,
}

impl<'t> Decoder<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            lines: Lines::new(text),
            diagnostics: Vec::new(),
            step: None,
            path: Vec::new(),
            inputs: Vec::new(),
            env: Vec::new(),
            secrets: Vec::new(),
            secrets_end: None,
            agents: Vec::new(),
            servers: Vec::new(),
            reads: Vec::new(),
            sites: Vec::new(),
            wants: Wants::default(),
            sight: sight::Sight::default(),
            purpose: Purpose::default(),
            prefix: String::new(),
            steps: 0,
            half_decoded: None,
            expressions: Expressions::default(),
            keep: None,
            calls: Vec::new(),
            programs: Vec::new(),
            named_secrets: Vec::new(),
            unsupported: Vec::new(),
        }
    }

    pub(crate) fn report(&mut self, code: Code, place: Place, message: impl Into<String>) -> &mut Diagnostic {
        let field = (!self.path.is_empty()).then(|| self.path.join("."));
        let diagnostic = Diagnostic {
            code: code.code,
            severity: code.severity,
            message: message.into(),
            step: self.step.clone(),
            field,
            span: self.lines.span(place),
            related: Vec::new(),
            fixes: Vec::new(),
        };
        self.diagnostics.push(diagnostic);
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    /// Reports a problem of a step after its decoding.
    pub(crate) fn report_at(&mut self, step: &str, field: &str, code: Code, place: Place, message: String) -> &mut Diagnostic {
        let diagnostic = self.report(code, place, message);
        diagnostic.step = Some(step.to_owned());
        diagnostic.field = Some(field.to_owned());
        diagnostic
    }

    /// Another place that a problem is about.
    pub(crate) fn related(&self, place: Place, message: impl Into<String>) -> Related {
        Related { span: self.lines.span(first_line(self.text, place)), message: message.into() }
    }

    pub(crate) fn replacement(&self, title: impl Into<String>, place: Place, text: impl Into<String>) -> Fix {
        Fix { title: title.into(), edits: vec![self.edit(place, text)] }
    }

    pub(crate) fn edit(&self, place: Place, text: impl Into<String>) -> TextEdit {
        TextEdit { span: self.lines.span(place), text: text.into() }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        let code = match fault.kind {
            FaultKind::Syntax => codes::SYNTAX,
            FaultKind::Tab => codes::TAB,
            FaultKind::TooLarge => codes::TOO_LARGE,
            FaultKind::DuplicateKey => codes::DUPLICATE_KEY,
            FaultKind::Unsupported => codes::UNSUPPORTED_YAML,
        };
        let fix = (fault.kind == FaultKind::Tab).then(|| {
            let spaces = fault.place.slice(self.text).replace('\t', "    ");
            self.replacement("Replace the tabs with spaces", fault.place, spaces)
        });
        let removal = fault.removal.map(|place| self.replacement("Remove this one", place, ""));
        let first = fault.first.map(|place| self.related(place, "The first one is here."));
        let diagnostic = self.report(code, fault.place, fault.message);
        diagnostic.fixes.extend(fix.or(removal));
        diagnostic.related.extend(first);
    }

    /// Notes that this version checks something but cannot run it.
    fn cannot_run(&mut self, node: &Node, what: &str) {
        let path = self.step.clone().or_else(|| self.path.first().cloned()).unwrap_or_default();
        self.unsupported.push((path, what.to_owned()));
        let message = format!("This version checks `{what}` but cannot run it yet: a run of this workflow is refused.");
        self.report(codes::NOT_SUPPORTED, first_line(self.text, node.place), message);
    }

    /// Does something with a key added to the path of what is reported.
    fn at<T>(&mut self, key: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        let outcome = inner(self);
        self.path.pop();
        outcome
    }

    fn wrong_type(&mut self, node: &Node, wanted: &str) -> &mut Diagnostic {
        let message = format!("{wanted} is expected here, not {}.", node.kind());
        let message = capitalised(&message);
        self.report(codes::WRONG_TYPE, first_line(self.text, node.place), message)
    }

    /// Text; an unquoted number or boolean is none, and the quick fix quotes it.
    fn string(&mut self, node: &Node) -> Option<String> {
        if let Some(text) = node.string() {
            return Some(text);
        }
        let quoted = node.scalar().filter(|scalar| !scalar.text.is_empty()).map(|scalar| format!("\"{}\"", scalar.text));
        let fix = quoted.map(|quoted| self.replacement("Put it in quotes", node.place, quoted));
        self.wrong_type(node, "text").fixes.extend(fix);
        None
    }

    /// Text that is shown as it is written.
    fn shown_text(&mut self, node: &Node) -> Option<String> {
        self.not_worked_out(node);
        self.string(node)
    }

    /// Reports expressions in a text in which none is worked out.
    fn not_worked_out(&mut self, node: &Node) {
        if node.scalar().is_some_and(|scalar| holds_expression(&scalar.text)) {
            let message = "This text is shown as it is written: no expression is worked out in it. Say it in words.";
            self.report(codes::NOT_WORKED_OUT, first_line(self.text, node.place), message);
        }
    }

    /// Reports expressions in the name of an entry.
    fn name_not_worked_out(&mut self, entry: &crate::yaml::Entry) {
        if holds_expression(&entry.key) {
            let message = "This name is taken as it is written: expressions are worked out in values only. Write a name out.";
            self.report(codes::NOT_WORKED_OUT, first_line(self.text, entry.key_place), message);
        }
    }

    /// The text of any scalar, exactly as written: `1.10` stays `1.10`.
    fn scalar_text(&mut self, node: &Node) -> Option<String> {
        match node.scalar() {
            Some(scalar) if !scalar.text.is_empty() || node.string().is_some() => Some(scalar.text.clone()),
            _ => {
                self.wrong_type(node, "text");
                None
            }
        }
    }

    /// One of a few words.
    fn word<T: Copy>(&mut self, node: &Node, known: &[(&str, T)]) -> Option<T> {
        let text = self.string(node)?;
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let nearest = crate::nearest(&text, known.iter().map(|(word, _)| *word));
        let words: Vec<String> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
        let message = format!("`{text}` is none of {}.", words.join(", "));
        let fix = nearest.map(|nearest| self.replacement(format!("Change to `{nearest}`"), node.place, nearest));
        self.report(codes::UNKNOWN_VALUE, node.place, message).fixes.extend(fix);
        None
    }

    fn boolean(&mut self, node: &Node) -> Option<bool> {
        let value = node.scalar().and_then(|scalar| scalar.value().as_bool());
        if value.is_none() {
            let meant = match node.string().map(|text| text.to_ascii_lowercase()).as_deref() {
                Some("true" | "yes" | "on") => Some("true"),
                Some("false" | "no" | "off") => Some("false"),
                _ => None,
            };
            let fix = meant.map(|meant| self.replacement(format!("Change to `{meant}`"), node.place, meant));
            self.wrong_type(node, "true or false").fixes.extend(fix);
        }
        value
    }

    /// A whole number in a range.
    fn integer(&mut self, node: &Node, low: u32, high: u32) -> Option<u32> {
        let value = node.scalar().map(crate::yaml::Scalar::value).filter(serde_json::Value::is_number);
        let Some(value) = value else {
            let meant = node.string().and_then(|text| text.trim().parse::<u32>().ok());
            let fix = meant.map(|meant| self.replacement("Remove the quotes", node.place, meant.to_string()));
            self.wrong_type(node, "a whole number").fixes.extend(fix);
            return None;
        };
        let fitting = value.as_u64().and_then(|value| u32::try_from(value).ok()).filter(|value| (low..=high).contains(value));
        if fitting.is_none() {
            let bound = value.as_f64().map(|value| if value < f64::from(low) { low } else { high });
            let bound = bound.filter(|_| value.as_i64().is_some() || value.as_u64().is_some());
            let fix = bound.map(|bound| self.replacement(format!("Change to {bound}"), node.place, bound.to_string()));
            let message = format!("A whole number from {low} to {high} is expected here, not {value}.");
            self.report(codes::OUT_OF_RANGE, node.place, message).fixes.extend(fix);
        }
        fitting
    }
}

fn holds_expression(text: &str) -> bool {
    crate::expression::split(text).iter().any(|piece| matches!(piece, crate::expression::Piece::Expression { .. }))
}

/// A problem with something of many lines is shown at its first.
pub(crate) fn first_line(text: &str, place: Place) -> Place {
    let length = place.slice(text).lines().next().map_or(0, str::len);
    Place::new(place.start, place.start + length)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
