//! What a workflow says: its definition with positions, its graph, its problems, its expressions, and edits of its text.
//!
//! Invariant: everything here is a pure function of its arguments. The same text gives the same analysis on any machine.
//!
//! Not here: clocks, disks, networks, processes and async (the crate's `clippy.toml` forbids them). What a *run* of a
//! workflow does lives in `loomwork-run`; files live in `loomwork-app`.
//!
//! # From text to workflow
//!
//! [`analyze`] takes any text and never fails. It reads YAML into nodes that know their places (`yaml`), decodes them
//! while collecting every problem (`decode`), and looks at how the steps hang together (`check`). What comes back is an
//! [`Analysis`]: the [`Workflow`] when there is no error, an [`Outline`] that can be drawn even of a broken file, and
//! [`Diagnostic`]s with stable codes ([`codes::CODES`]), places and quick fixes.
//!
//! ```
//! let analysis = loomwork_workflow::analyze("loomwork: 1\nid: hello\nsteps:\n  - id: greet\n    rnu: echo hello\n");
//! assert!(analysis.workflow.is_none());
//! assert_eq!(analysis.diagnostics[0].code, "LW0111");
//! assert_eq!(analysis.diagnostics[0].fixes[0].title, "Rename to `run`");
//! ```
//!
//! # Expressions
//!
//! A [`Template`] is JSON whose strings may be, or contain, CEL in `${{ }}`. [`Template::references`] says what it reads
//! of other steps; [`Template::evaluate`] works it out in a [`Scope`] that holds those steps. Evaluation is bounded in
//! steps and memory, and a value that the scope holds is looked at in place, however large it is.
//!
//! # Edits
//!
//! [`edit`] changes a text by operations such as [`EditOp::Connect`] and keeps every byte that the operation does not
//! mean: comments, order, quoting, line ends. Steps in groups have paths (`describe.sentence`), in edits as in outlines.
//!
//! # Plans
//!
//! [`plan`] says what a run will look like before it starts: levels, critical path, expected duration, complexity.
//!
//! # Versions
//!
//! [`compare`] says what is different between two definitions by meaning, and [`step_fingerprint`] whether a step would
//! still have the same result. [`definition_hash`] tells texts apart.
//!
//! # Settings
//!
//! [`read_settings`] reads what a workspace says of its engine, with the same care for places and misspelt keys.
//!
//! # While writing
//!
//! [`complete`] and [`hover`] say what can be written at a place and what a name means, also in a text that is broken.

mod analysis;
mod bytes;
mod certain;
mod check;
pub mod codes;
mod compare;
mod complete;
mod decode;
mod diagnostic;
mod duration;
mod edit;
mod expression;
mod graph;
mod inputs;
mod model;
mod outline;
mod plan;
mod schema;
mod settings;
mod shell;
mod text;
mod types;
mod yaml;

pub use analysis::{
    Analysis, Analyzer, CalledWorkflow, GivenInput, NamedSecret, WrittenProgram, analyze, definition_hash, read_accepted,
};
pub use bytes::{format_bytes, parse_bytes};
pub use compare::{Aspect, Comparison, FieldChange, StepChange, StepMove, compare, reads_env, step_fingerprint};
pub use complete::{
    Completion, CompletionKind, Function, Hover, complete, complete_field, functions, hover, hover_field, step_at,
};
pub use diagnostic::{Diagnostic, Fix, Related, Severity, TextEdit};
pub use duration::{DurationError, format_duration, parse_duration};
pub use edit::{EditError, EditOp, Edited, Note, Undo, edit};
pub use expression::{ExpressionError, Read, Reference, Scope, StepScope, Template};
pub use graph::{EdgeKind, Graph, GraphEdge, Trigger};
pub use inputs::{InputProblem, check_input, parse_input_text, resolve_inputs, resolve_known_inputs};
pub use model::*;
pub use outline::{Outline, OutlineEdge, OutlineInput, OutlineNode};
pub use plan::{
    Basis, Complexity, CriticalBy, DurationRange, Expected, History, Plan, PlannedLevel, PlannedRepeat, PlannedStep, Runs, plan,
};
pub use schema::{json_schema, settings_schema};
pub use settings::{
    CheckpointSettings, Durability, EngineSettings, RemovalAction, ResourceSettings, RetentionRule, RetentionSettings,
    read_settings,
};
pub use shell::Quotes;
pub use text::{Pos, Span};
pub use types::{ObjectType, Parameter, Signature, Type, of_schema, to_schema};

/// The argv that runs a script when its step says no other.
pub(crate) const DEFAULT_SHELL: [&str; 3] = ["bash", "-e", "{0}"];

/// The nearest of some known words, when it is near enough to be what was meant.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let length = word.chars().count();
    known
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.chars().count();
            let most = 1.max(length.max(other) / 3);
            // No distance is less than the difference of the lengths.
            let distance = (length.abs_diff(other) <= most).then(|| strsim::osa_distance(word, candidate))?;
            (distance <= most).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}
