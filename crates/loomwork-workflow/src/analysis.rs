//! The one door: from a text to all that is known about it.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::check::check;
use crate::decode::{BodySketch, Decoder, Keep, Sketch, decode};
use crate::diagnostic::Diagnostic;
use crate::expression::Expressions;
use crate::model::{Action, Body, Step, Workflow};
use crate::outline::{Outline, outline};
use crate::text::{Lines, Place, Shift, Span, common_end, common_start};
use crate::types::{Given, Signature, Types};
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
    /// The jq programs that are written out: whether they can be read is known to whoever runs them.
    #[serde(skip)]
    pub programs: Vec<WrittenProgram>,
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

/// A program in another language, as a step has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenProgram {
    /// The program.
    pub program: String,
    /// Where it stands.
    pub span: Span,
    /// Path of the step.
    pub step: Option<String>,
}

impl WrittenProgram {
    /// Where a part of the program, in bytes, stands in the text: where its line is found once, else the first line of all.
    #[must_use]
    pub fn span_of(&self, text: &str, part: Range<usize>) -> Span {
        // What is missing is shown by what stands before it.
        let before = self.program.get(..part.start).unwrap_or_default().trim_end();
        let last = before.chars().next_back().map_or(0, char::len_utf8);
        let part = if part.is_empty() { before.len() - last..before.len() } else { part };
        let place = Place::new(self.span.start.offset, self.span.end.offset);
        let found = self.place_of(text, place, part);
        Lines::new(text).span(found.unwrap_or_else(|| first_of_content(text, place)))
    }

    fn place_of(&self, text: &str, place: Place, part: Range<usize>) -> Option<Place> {
        let raw = text.get(place.start..place.end)?;
        let start = self.program.get(..part.start)?.rfind('\n').map_or(0, |at| at + 1);
        let line = self.program[start..].split('\n').next().filter(|line| !line.trim().is_empty())?;
        let mut found = raw.match_indices(line);
        let (at, _) = found.next().filter(|_| found.next().is_none())?;
        let at = place.start + at + part.start - start;
        Some(Place::new(at, at + part.len().min(line.len() - (part.start - start))))
    }
}

/// The first line of a scalar, of a block scalar the one below its header.
fn first_of_content(text: &str, place: Place) -> Place {
    let raw = place.slice(text);
    let header = if raw.starts_with(['|', '>']) { raw.find('\n').map_or(0, |end| end + 1) } else { 0 };
    let content = raw[header..].trim_start();
    let start = if content.is_empty() { place.start } else { place.end - content.len() };
    crate::decode::first_line(text, Place::new(start, place.end))
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

impl CalledWorkflow {
    /// Moves it with the text.
    pub(crate) fn shift(&mut self, shift: Shift) {
        self.span = shift.span(self.span);
        for input in self.inputs.iter_mut().flatten() {
            (input.name_span, input.value_span) = (shift.span(input.name_span), shift.span(input.value_span));
        }
    }
}

/// Analyses a text. Never fails: whatever is wrong is among the diagnostics.
#[must_use]
pub fn analyze(text: &str) -> Analysis {
    let (root, faults) = read(text);
    analyze_read(text, root.as_ref(), &faults, &mut Memory::default())
}

/// The workflow of a text that was accepted before, perhaps by an earlier version: what is written in it has to be readable,
/// and what only the checks of this version find wrong stops nothing that has begun.
#[must_use]
pub fn read_accepted(text: &str) -> Option<Workflow> {
    let (root, faults) = read(text);
    let mut decoder = Decoder::new(text);
    faults.into_iter().for_each(|fault| decoder.fault(fault));
    let mut sketch = decode(&mut decoder, root.as_ref());
    if decoder.has_errors() {
        return None;
    }
    check(&mut decoder, &mut sketch);
    let (_, signature) = crate::types::check(&mut decoder, &mut sketch, &Given::default());
    let unsupported = std::mem::take(&mut decoder.unsupported);
    finish(&mut sketch, signature, unsupported)
}

/// Analyses and edits the versions of a text, one after the other.
///
/// What [`Analyzer::analyze`] gives for a text is what [`analyze`] gives, whatever came before; what the versions have in
/// common is not done again. It keeps the latest text with its tree, its parsed expressions, its decoded steps and its
/// analysis.
#[derive(Debug, Default)]
pub struct Analyzer {
    pub(crate) reading: Reading,
    pub(crate) known: Known,
}

impl Analyzer {
    /// Analyses the next version.
    pub fn analyze(&mut self, text: &str) -> Arc<Analysis> {
        self.reading.update(text);
        self.known.of(&self.reading)
    }

    /// How much of a text the latest one begins and ends with.
    pub fn bytes_in_common(&self, text: &str) -> usize {
        let (one, other) = (self.reading.text().as_bytes(), text.as_bytes());
        let start = common_start(one, other);
        start + common_end(&one[start..], &other[start..])
    }

    /// The length of the latest text.
    pub fn text_bytes(&self) -> usize {
        self.reading.text().len()
    }
}

/// What is known of the latest text that was analysed.
#[derive(Debug, Default)]
pub(crate) struct Known {
    memory: Memory,
    latest: Option<Arc<Analysis>>,
}

impl Known {
    /// The analysis of a text that was read: of the one before, or of a version of it.
    pub(crate) fn of(&mut self, reading: &Reading) -> Arc<Analysis> {
        let changes = reading.take_changes();
        if let Some(latest) = self.latest.as_ref().filter(|_| changes.is_empty()) {
            return Arc::clone(latest);
        }
        // Whoever still looks at it keeps it; the rest of it need not be copied.
        self.latest = None;
        self.memory.expressions.turn();
        let keep = self.memory.steps.get_or_insert_default();
        changes.iter().for_each(|same| keep.carry(same));
        let (root, faults) = reading.outcome();
        let analysis = Arc::new(analyze_read(reading.text(), root, faults, &mut self.memory));
        self.latest = Some(Arc::clone(&analysis));
        analysis
    }
}

/// What one analysis leaves to the next.
#[derive(Debug, Default)]
struct Memory {
    expressions: Expressions,
    /// None where there is no next one.
    steps: Option<Keep>,
    /// What the workflow was given.
    types: Given,
}

fn analyze_read(text: &str, root: Option<&Node>, faults: &[Fault], memory: &mut Memory) -> Analysis {
    let mut decoder = Decoder::new(text);
    for fault in faults {
        decoder.fault(fault.clone());
    }
    decoder.expressions = std::mem::take(&mut memory.expressions);
    decoder.keep = memory.steps.take();
    let broken_off = decoder.has_errors();
    let mut sketch = decode(&mut decoder, root);
    memory.expressions = std::mem::take(&mut decoder.expressions);
    memory.steps = decoder.keep.take();
    check(&mut decoder, &mut sketch);
    let (types, signature) = crate::types::check(&mut decoder, &mut sketch, &memory.types);
    memory.types.inputs.clone_from(&types.inputs);
    memory.types.env.clone_from(&types.env);
    let outline = outline(&mut sketch, &decoder.lines);
    if broken_off {
        forgive_what_is_missing(&mut decoder);
    }
    decoder.diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start.offset, std::cmp::Reverse(diagnostic.severity)));
    let (calls, secrets) = (std::mem::take(&mut decoder.calls), std::mem::take(&mut decoder.named_secrets));
    let programs = std::mem::take(&mut decoder.programs);
    let unsupported = std::mem::take(&mut decoder.unsupported);
    let workflow = if decoder.has_errors() { None } else { finish(&mut sketch, signature, unsupported) };
    if let Some(steps) = &mut memory.steps {
        sketch.keep(steps);
    }
    Analysis { workflow, outline, diagnostics: decoder.diagnostics, calls, programs, secrets, types }
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
fn finish(sketch: &mut Sketch<'_>, signature: Signature, unsupported: Vec<(String, String)>) -> Option<Workflow> {
    Some(Workflow {
        id: sketch.id.take()?,
        version: std::mem::take(&mut sketch.version),
        description: std::mem::take(&mut sketch.description),
        inputs: std::mem::take(&mut sketch.inputs),
        env: std::mem::take(&mut sketch.env),
        defaults: std::mem::take(&mut sketch.defaults),
        timeout_ms: sketch.timeout_ms,
        on_failure: std::mem::take(&mut sketch.on_failure),
        priority: sketch.priority,
        labels: std::mem::take(&mut sketch.labels),
        body: body(&mut sketch.body)?,
        outputs: std::mem::take(&mut sketch.outputs),
        concurrency: std::mem::take(&mut sketch.concurrency),
        secrets: std::mem::take(&mut sketch.secrets),
        signature,
        other: std::mem::take(&mut sketch.other),
        unsupported,
    })
}

fn body(sketch: &mut BodySketch<'_>) -> Option<Body> {
    let steps = sketch.steps.iter_mut().map(|draft| {
        let own = draft.own.step.as_ref()?;
        let Some(inner) = &mut draft.body else { return Some(Arc::clone(own)) };
        if draft.own.whole.is_none() {
            let mut step = Step::clone(own);
            if let Action::Group(group) = &mut step.action {
                group.body = body(inner)?;
            }
            draft.own.whole = Some(Arc::new(step));
        }
        draft.own.whole.clone()
    });
    let steps = steps.collect::<Option<Vec<_>>>()?;
    Some(Body { steps, graph: Arc::clone(&sketch.graph) })
}

/// SHA-256 of a text, in hex: tells one definition from another.
#[must_use]
pub fn definition_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
