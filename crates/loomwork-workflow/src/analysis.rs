//! The one door: from a text to all that is known about it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::check::check;
use crate::decode::{BodySketch, Decoder, Sketch, decode};
use crate::diagnostic::Diagnostic;
use crate::expression::Expressions;
use crate::model::{Action, Body, Workflow};
use crate::outline::{Outline, outline};
use crate::text::Span;
use crate::types::{Signature, Types};
use crate::yaml::{Fault, Node, Reading, read};

/// What a text says.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Analysis {
    /// The workflow; some exactly when no diagnostic is an error.
    #[serde(skip)]
    pub workflow: Option<Workflow>,
    /// What can be drawn, whatever the errors.
    pub outline: Outline,
    /// The problems, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// The workflows that steps call by a written id: whether they exist is known to whoever has the other files.
    pub calls: Vec<CalledWorkflow>,
    /// What the values of the workflow can be.
    #[serde(skip)]
    pub(crate) types: Types,
    /// The secrets that the workflow names: whether they have values is known to whoever keeps them.
    pub secrets: Vec<NamedSecret>,
}

/// A secret under `secrets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedSecret {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// An input that a step gives to the workflow that it calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GivenInput {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Its value, none when an expression gives it.
    pub value: Option<serde_json::Value>,
    /// Where the value stands.
    pub value_span: Span,
}

/// A workflow that a step calls, or whose end a trigger waits for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalledWorkflow {
    /// Its id.
    pub id: String,
    /// Where the id stands.
    pub span: Span,
    /// Path of the step; none for a trigger, which calls nothing.
    pub step: Option<String>,
    /// Whether the call is what the step does, and not its compensation or what mends its failures.
    pub main: bool,
    /// The inputs given, none when an expression gives all of them (or nothing is called).
    pub inputs: Option<Vec<GivenInput>>,
}

/// Analyses a text. Never fails: whatever is wrong is among the diagnostics.
#[must_use]
pub fn analyze(text: &str) -> Analysis {
    let (root, faults) = read(text);
    analyze_read(text, root.as_ref(), &faults, &mut Expressions::default())
}

/// Analyses the versions of a text that is being edited, one after the other.
///
/// What [`Analyzer::analyze`] gives for a text is what [`analyze`] gives, whatever came before; what the versions have in
/// common is not done again. It keeps the latest text with its tree and its parsed expressions, and no more.
#[derive(Debug, Default)]
pub struct Analyzer {
    reading: Reading,
    expressions: Expressions,
}

impl Analyzer {
    /// Analyses the next version.
    pub fn analyze(&mut self, text: &str) -> Analysis {
        self.reading.update(text);
        self.expressions.turn();
        let (root, faults) = self.reading.outcome();
        analyze_read(text, root, faults, &mut self.expressions)
    }
}

fn analyze_read(text: &str, root: Option<&Node>, faults: &[Fault], expressions: &mut Expressions) -> Analysis {
    let mut decoder = Decoder::new(text);
    for fault in faults {
        decoder.fault(fault.clone());
    }
    decoder.expressions = std::mem::take(expressions);
    let broken_off = decoder.has_errors();
    let mut sketch = decode(&mut decoder, root);
    *expressions = std::mem::take(&mut decoder.expressions);
    check(&mut decoder, &mut sketch);
    let (types, signature) = crate::types::check(&mut decoder, &sketch);
    let outline = outline(&sketch, &decoder.lines);
    if broken_off {
        forgive_what_is_missing(&mut decoder);
    }
    decoder.diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start.offset, std::cmp::Reverse(diagnostic.severity)));
    let (calls, secrets) = (std::mem::take(&mut decoder.calls), std::mem::take(&mut decoder.named_secrets));
    let workflow = if decoder.has_errors() { None } else { finish(sketch, signature, std::mem::take(&mut decoder.unsupported)) };
    Analysis { workflow, outline, diagnostics: decoder.diagnostics, calls, secrets, types }
}

/// Where the text could not be read to its end, what seems to be missing may stand in the rest.
fn forgive_what_is_missing(decoder: &mut Decoder<'_>) {
    use crate::codes::{BAD_JOIN, MISSING_KEY, NO_ACTION, UNKNOWN_NAME, UNKNOWN_STEP, WRONG_TYPE};
    let unsure = [MISSING_KEY, NO_ACTION, UNKNOWN_STEP, UNKNOWN_NAME, BAD_JOIN, WRONG_TYPE].map(|code| code.code);
    let syntax = [crate::codes::SYNTAX, crate::codes::TAB, crate::codes::TOO_LARGE].map(|code| code.code);
    if decoder.diagnostics.iter().any(|diagnostic| syntax.contains(&diagnostic.code)) {
        decoder.diagnostics.retain(|diagnostic| !unsure.contains(&diagnostic.code));
    }
}

/// None only when an error was not reported, which the tests rule out.
fn finish(sketch: Sketch<'_>, signature: Signature, unsupported: Vec<(String, String)>) -> Option<Workflow> {
    Some(Workflow {
        id: sketch.id?,
        version: sketch.version,
        description: sketch.description,
        inputs: sketch.inputs,
        env: sketch.env,
        defaults: sketch.defaults,
        timeout_ms: sketch.timeout_ms,
        on_failure: sketch.on_failure,
        priority: sketch.priority,
        labels: sketch.labels,
        body: body(sketch.body)?,
        outputs: sketch.outputs,
        concurrency: sketch.concurrency,
        secrets: sketch.secrets,
        signature,
        other: sketch.other,
        unsupported,
    })
}

fn body(sketch: BodySketch<'_>) -> Option<Body> {
    let steps = sketch.steps.into_iter().map(|draft| {
        let mut step = draft.step?;
        if let (Action::Group(group), Some(inner)) = (&mut step.action, draft.body) {
            group.body = body(inner)?;
        }
        Some(step)
    });
    Some(Body { steps: steps.collect::<Option<Vec<_>>>()?, graph: sketch.graph })
}

/// SHA-256 of a text, in hex: tells one definition from another.
#[must_use]
pub fn definition_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
