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
    /// The steps and their edges.
    pub body: Body,
    /// What a run gives back.
    pub outputs: IndexMap<String, Template>,
    /// Which other runs it must not overlap.
    pub concurrency: Option<Concurrency>,
    /// Names of the secrets that it may use.
    pub secrets: Vec<String>,
    /// What it has that this version checks but cannot run: the path of the step, or the key at the top, and the feature.
    pub unsupported: Vec<(String, String)>,
}

impl Workflow {
    /// What it has that this version checks but cannot run: the path of the step, or the key at the top, and the feature.
    #[must_use]
    pub fn unsupported(&self) -> &[(String, String)] {
        &self.unsupported
    }
}

/// The steps of one scope, in the order of the file, and the edges between them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// The steps.
    pub steps: Vec<Step>,
    /// The edges, by index into `steps`.
    pub graph: crate::Graph,
}

/// Which runs must not overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Concurrency {
    /// Name of the group; sees `inputs`.
    pub group: Template,
    /// Runs of the group at one time.
    pub max: u32,
    /// What happens to a run too many.
    pub on_conflict: OnConflict,
}

/// What happens to a run for which its concurrency group has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// It waits.
    #[default]
    Queue,
    /// It ends `cancelled`.
    Skip,
    /// The runs of the group that are under way are cancelled.
    CancelRunning,
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
    /// What is under way is cancelled, and completed steps are undone.
    Compensate,
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
    /// What happens to what lies only on the other paths into a satisfied join.
    pub rest: Rest,
    /// Whether it is done for each element of a list, or again and again.
    pub repeat: Option<Repeat>,
    /// Asked once the join is satisfied; false skips the step.
    pub when: Option<Template>,
    /// Retries, replacing those of the defaults.
    pub retry: Option<Retry>,
    /// Bound of an attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What happens to an attempt that was in flight when the engine died.
    pub on_restart: OnRestart,
    /// What happens when its attempts are used up; the first rule that matches decides.
    pub on_error: Vec<ErrorRule>,
    /// How it is undone.
    pub compensate: Option<Box<Compensation>>,
    /// When its attempts are refused because earlier ones failed.
    pub breaker: Option<Breaker>,
    /// The value to use in place of running it, in test runs.
    pub pin: Option<Value>,
}

/// What happens to the rest once enough has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rest {
    /// It goes on, and nobody waits for it.
    #[default]
    Ignore,
    /// It is cancelled.
    Cancel,
}

/// How a step is repeated.
#[derive(Debug, Clone, PartialEq)]
pub enum Repeat {
    /// Once for each element of a list.
    ForEach(ForEach),
    /// Again and again.
    Loop(Loop),
}

/// Repetition over a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEach {
    /// The list.
    pub list: Template,
    /// Elements under way at one time; none for no bound of its own.
    pub max_parallel: Option<u32>,
    /// Whether a failed element leaves the rest to go on, and stands as null.
    pub on_item_failure: OnItemFailure,
    /// How many elements are enough.
    pub enough: Option<Template>,
    /// What happens to the others then.
    pub rest: Rest,
}

/// What a failed element does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnItemFailure {
    /// No new element starts, those under way end, and the step fails.
    #[default]
    Fail,
    /// The others go on; the element stands as null in the output.
    Continue,
}

/// Repetition by condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// Asked before each pass; false ends the loop.
    pub while_: Option<Template>,
    /// Asked after each pass; true ends the loop.
    pub until: Option<Template>,
    /// Asked after each pass; true ends the loop.
    pub break_when: Option<Template>,
    /// Passes at the most.
    pub max: u32,
}

/// What happens to a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorRule {
    /// Classes that it is for; empty for all.
    pub classes: Vec<String>,
    /// Condition that it is for; sees `steps.<id>.error` of the step itself.
    pub when: Option<Template>,
    /// What is done.
    pub then: ErrorAction,
}

/// What is done about a failure.
#[derive(Debug, Clone, PartialEq)]
pub enum ErrorAction {
    /// One more round of attempts after this policy.
    Retry(Option<Retry>),
    /// Another action in its place.
    Fallback(Box<Action>),
    /// The step ends on `succeeded` with the output null.
    Continue,
    /// The step is skipped.
    Skip,
    /// A person decides.
    Ask,
    /// The step fails.
    Fail,
    /// The step fails, and the run's completed steps are undone.
    Compensate,
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq)]
pub struct Compensation {
    /// What undoes it.
    pub action: Action,
    /// Retries of its own.
    pub retry: Option<Retry>,
    /// Bound of an attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// When attempts are refused because earlier ones failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Breaker {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open, in milliseconds.
    pub cooldown_ms: u64,
    /// What shares it; none for this step of this workflow.
    pub key: Option<String>,
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
    /// A person decides.
    Ask,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "most steps run a script, and a workflow has one action a step")]
pub enum Action {
    /// Runs a script or a program.
    Process(Process),
    /// Names values.
    Set(IndexMap<String, Template>),
    /// Takes the port of the first case that is true.
    Choose(Choose),
    /// Does steps of its own.
    Group(Group),
    /// Waits for a time or an event.
    Wait(Wait),
    /// Waits for the first of several; its name is the port.
    FirstOf(IndexMap<String, Wait>),
    /// Waits for a person's decision.
    Approve(Approve),
    /// Sends an event.
    Emit {
        /// Its name.
        event: Template,
        /// Its data.
        data: Template,
    },
    /// Cancels steps of its scope.
    Cancel(Vec<String>),
    /// Ends the run: none for `succeeded`, else the failure's message.
    End(Option<Template>),
    /// Runs another workflow.
    Call(Call),
    /// Anything that the engine hands out with a resolved input: `http`, `jq`, …
    Effect {
        /// The action's key.
        name: &'static str,
        /// Its fields.
        input: Template,
    },
}

impl Action {
    /// The key in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Process(Process { program: ProgramText::Script { .. }, .. }) => "run",
            Self::Process(Process { program: ProgramText::Command(_), .. }) => "command",
            Self::Set(_) => "set",
            Self::Choose(_) => "choose",
            Self::Group(_) => "steps",
            Self::Wait(_) => "wait",
            Self::FirstOf(_) => "first_of",
            Self::Approve(_) => "approve",
            Self::Emit { .. } => "emit",
            Self::Cancel(_) => "cancel",
            Self::End(_) => "end",
            Self::Call(_) => "workflow",
            Self::Effect { name, .. } => name,
        }
    }
}

/// A process and how to run it.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// What it runs.
    pub program: ProgramText,
    /// Environment, besides the workflow's.
    pub env: IndexMap<String, Template>,
    /// Working directory, relative to the workspace.
    pub workdir: Option<Template>,
    /// Text for standard input.
    pub stdin: Option<Template>,
    /// How the output is made from standard output; none: `{exit_code, stdout, stderr_tail}`.
    pub output: Option<OutputAs>,
}

/// What a process runs.
#[derive(Debug, Clone, PartialEq)]
pub enum ProgramText {
    /// A script in a file.
    Script {
        /// Its text.
        script: String,
        /// The argv that runs it: `["bash", "-e", "{0}"]`, where `{0}` is the path of the file.
        shell: Vec<String>,
    },
    /// An argv, without a shell.
    Command(Vec<Template>),
}

/// A group of steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its steps.
    pub body: Body,
    /// What it gives back; none: a map of its steps' outputs.
    pub outputs: Option<IndexMap<String, Template>>,
    /// Steps of its own under way at one time.
    pub max_parallel: Option<u32>,
}

/// What to wait for.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a workflow has few waits")]
pub enum Wait {
    /// A duration.
    For(Template),
    /// A moment, RFC 3339.
    Until(Template),
    /// An event.
    Event {
        /// Its name.
        name: Template,
        /// Condition; sees `event.name` and `event.data`.
        matches: Option<Template>,
        /// How long at the most.
        timeout: Option<Template>,
    },
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Approve {
    /// What is asked.
    pub message: Template,
    /// JSON Schema of what the person fills in.
    pub form: Option<Value>,
    /// How long at the most.
    pub timeout: Option<Template>,
    /// The port when nobody decides: `approved` or `rejected`; none: the step fails.
    pub on_timeout: Option<String>,
}

/// Another workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: Template,
    /// Its inputs.
    pub inputs: Template,
    /// Whether the step waits for its end.
    pub wait: bool,
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
