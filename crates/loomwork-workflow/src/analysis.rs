//! The one door: from a text to all that is known about it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::check::check;
use crate::decode::{Decoder, Sketch, decode};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::model::Workflow;
use crate::outline::{Outline, outline};
use crate::yaml::read;

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
}

/// Analyses a text. Never fails: whatever is wrong is among the diagnostics.
#[must_use]
pub fn analyze(text: &str) -> Analysis {
    let (root, faults) = read(text);
    let mut decoder = Decoder::new(text);
    for fault in faults {
        decoder.fault(fault);
    }
    let broken_off = decoder.has_errors();
    let sketch = decode(&mut decoder, root.as_ref());
    let graph = check(&mut decoder, &sketch);
    let outline = outline(&sketch, &graph, &decoder.lines);
    if broken_off {
        forgive_what_is_missing(&mut decoder);
    }
    decoder.diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start.offset, std::cmp::Reverse(diagnostic.severity)));
    let workflow = if decoder.has_errors() { None } else { finish(sketch, graph) };
    Analysis { workflow, outline, diagnostics: decoder.diagnostics }
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
fn finish(sketch: Sketch<'_>, graph: Graph) -> Option<Workflow> {
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
        steps: sketch.steps.into_iter().map(|draft| draft.step).collect::<Option<Vec<_>>>()?,
        outputs: sketch.outputs,
        graph,
    })
}

/// SHA-256 of a text, in hex: tells one definition from another.
#[must_use]
pub fn definition_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
