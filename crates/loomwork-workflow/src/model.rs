//! The definition of a workflow, as types. Made by `analyze` from text; by nobody else.
//!
//! Not here: positions and problems (`Analysis`), evaluation (`Template::evaluate`).

use indexmap::IndexMap;
use serde_json::Value;

use crate::Template;

/// A workflow without errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Its id, unique in the workspace.
    pub id: String,
    /// Its version, for people.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What a run asks for.
    pub inputs: IndexMap<String, Input>,
    /// Environment of all its processes, and `env` in expressions.
    pub env: IndexMap<String, Template>,
    /// What steps inherit.
    pub defaults: Defaults,
    /// Bound of a whole run, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What an unhandled failure does to the rest of the run.
    pub on_failure: OnFailure,
    /// From 0 (last) to 9 (first).
    pub priority: Option<u8>,
    /// Labels of its runs.
    pub labels: IndexMap<String, String>,
    /// The steps, in the order of the file.
    pub steps: Vec<Step>,
    /// What a run gives back.
    pub outputs: IndexMap<String, Template>,
    /// The edges between the steps.
    pub graph: crate::Graph,
}

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its type.
    pub kind: InputKind,
    /// Whether a run cannot start without it.
    pub required: bool,
    /// The value when none is given.
    pub default: Option<Value>,
    /// The values allowed, when enumerated.
    pub values: Option<Vec<Value>>,
    /// What it is for.
    pub description: Option<String>,
}

/// Type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum InputKind {
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
    /// A path, relative to the workspace; given as text.
    File,
}

impl InputKind {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::File => "file",
        }
    }
}

/// What steps inherit when they do not say otherwise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Defaults {
    /// Bound of an attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Retries.
    pub retry: Option<Retry>,
}

/// What an unhandled failure does to the rest of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Independent branches run to their end.
    #[default]
    Finish,
    /// What is under way is cancelled.
    Stop,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its id, unique in its scope.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it does.
    pub action: Action,
    /// When it starts, given its incoming edges.
    pub join: Join,
    /// Asked once the join is satisfied; false skips the step.
    pub when: Option<Template>,
    /// Retries, replacing those of the defaults.
    pub retry: Option<Retry>,
    /// Bound of an attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What happens to an attempt that was in flight when the engine died.
    pub on_restart: OnRestart,
}

/// When a step with several incoming edges starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Join {
    /// All edges are taken.
    #[default]
    All,
    /// All edges are settled and at least one was taken.
    Any,
    /// The first edge was taken.
    First,
    /// So many edges were taken.
    AtLeast(u32),
}

/// What happens to an attempt that was in flight when the engine died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRestart {
    /// It is done again.
    #[default]
    Rerun,
    /// The step fails.
    Fail,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "most steps run a script, and a workflow has one action a step")]
pub enum Action {
    /// Runs a script.
    Run(RunAction),
    /// Names values.
    Set(IndexMap<String, Template>),
    /// Takes the port of the first case that is true.
    Choose(Choose),
}

impl Action {
    /// The key in the file: `run`, `set`, `choose`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Set(_) => "set",
            Self::Choose(_) => "choose",
        }
    }
}

/// A script and how to run it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunAction {
    /// The text of the script.
    pub script: String,
    /// The argv that runs it: `["bash", "-e", "{0}"]`, where `{0}` is the path of a file with the script.
    pub shell: Vec<String>,
    /// Environment, besides the workflow's.
    pub env: IndexMap<String, Template>,
    /// Working directory, relative to the workspace.
    pub workdir: Option<Template>,
    /// Text for standard input.
    pub stdin: Option<Template>,
    /// How the output is made from standard output; none: `{exit_code, stdout, stderr_tail}`.
    pub output: Option<OutputAs>,
}

/// How standard output becomes the step's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputAs {
    /// As text.
    Text,
    /// As a list of lines.
    Lines,
    /// As JSON.
    Json,
}

impl OutputAs {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Lines => "lines",
            Self::Json => "json",
        }
    }
}

/// Cases of a choice, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Choose {
    /// Port and condition.
    pub cases: Vec<(String, Template)>,
    /// Port when no case is true.
    pub otherwise: Option<String>,
}

/// Retries of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// All attempts, the first one too.
    pub attempts: u32,
    /// How the delay grows.
    pub backoff: Backoff,
    /// First delay, in milliseconds.
    pub initial_ms: u64,
    /// Factor of an exponential backoff.
    pub factor: f64,
    /// Largest delay, in milliseconds.
    pub max_ms: u64,
    /// How the delay is spread.
    pub jitter: Jitter,
    /// Classes that are retried, as their wire names (`transient`).
    pub classes: Vec<String>,
    /// No attempt starts later than this after the first one, in milliseconds.
    pub max_elapsed_ms: Option<u64>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Backoff::Exponential,
            initial_ms: 1_000,
            factor: 2.0,
            max_ms: 30_000,
            jitter: Jitter::Full,
            classes: ["transient", "timeout", "resource", "dependency"].map(str::to_owned).to_vec(),
            max_elapsed_ms: None,
        }
    }
}

/// How the delay grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Backoff {
    Constant,
    Linear,
    Exponential,
}

/// How the delay is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// From nothing to the whole delay.
    Full,
    /// From half the delay to the whole.
    Equal,
}
