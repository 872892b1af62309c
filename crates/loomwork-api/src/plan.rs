//! What a run of a workflow will look like before it starts, and workflows as pictures for other tools.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::CachedFrom;

/// Asks what a run of a workflow will look like.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct PlanWorkflow {
    /// Path relative to the workspace, or a workflow's id.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub workflow: Option<String>,
    /// A text to plan in place of that of the file.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub text: Option<String>,
    /// The inputs by name, as far as they are known.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>", optional = nullable))]
    pub inputs: Map<String, Value>,
}

/// What a run will look like when nothing in it fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct WorkflowPlan {
    /// The workflow's id.
    pub workflow: String,
    /// Its version, if any.
    pub version: Option<String>,
    /// The steps in the order of the file, a group before its own.
    pub steps: Vec<PlannedStep>,
    /// The levels of the outermost scope.
    pub levels: Vec<PlannedLevel>,
    /// Paths of the steps that the end waits for, in order; a group stands before its own.
    pub critical_path: Vec<String>,
    /// What makes the critical path the longest: `duration`, or `steps` when too few durations are known.
    pub critical_by: CriticalBy,
    /// How long a run takes; null when nothing is known.
    pub expected: Option<ExpectedDuration>,
    /// Paths of the steps whose duration is not known.
    pub unknown: Vec<String>,
    /// Most steps of one level that can run side by side; null when there is no bound.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub width: Option<u64>,
    /// How complex it is.
    pub complexity: PlanComplexity,
    /// Earlier runs that the durations are taken from.
    pub runs: u32,
}

/// Steps that wait for nothing but earlier levels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct PlannedLevel {
    /// Their paths, in the order of the file.
    pub steps: Vec<String>,
    /// How many of them, with those inside them, can run side by side; null when there is no bound.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub width: Option<u64>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct PlannedStep {
    /// Its path, without numbers of elements and passes.
    pub path: String,
    /// Its title, if any.
    pub title: Option<String>,
    /// The key of its action.
    pub action: String,
    /// The group in which it stands, if any.
    pub parent: Option<String>,
    /// Its level within its scope, from 0.
    pub level: u32,
    /// Whether the end waits for it.
    pub critical: bool,
    /// Whether it runs, given that what is around it does.
    pub runs: PlannedRuns,
    /// How it is repeated, if it is.
    pub repeat: Option<PlannedRepeat>,
    /// Steps of its own that may be under way at one time, when it is a group with a bound.
    pub max_parallel: Option<u32>,
    /// How long it takes; null when that is not known.
    pub expected: Option<ExpectedDuration>,
    /// Where that comes from.
    pub basis: DurationBasis,
    /// Durations of earlier runs that it is taken from.
    pub samples: u32,
    /// The levels of its own steps; empty when it is no group.
    pub levels: Vec<PlannedLevel>,
    /// The success whose output it will use again, where that is known before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub cached: Option<CachedFrom>,
}

/// How long something takes, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ExpectedDuration {
    /// Few take less: the 10th percentile, or the shortest way.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub low_ms: u64,
    /// The middle.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub median_ms: u64,
    /// Few take more: the 90th percentile, or the longest way.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub high_ms: u64,
    /// Whether parts of it are not known and count as nothing.
    pub at_least: bool,
}

/// Whether a planned step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum PlannedRuns {
    /// Whatever is decided.
    Always,
    /// When it is decided so.
    Maybe,
    /// Only when something fails.
    OnFailure,
    /// Not with these inputs.
    Never,
}

/// Where a duration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum DurationBasis {
    /// It only decides, which takes no time to speak of.
    Instant,
    /// The file says it.
    Timer,
    /// Earlier runs.
    History,
    /// Its own steps, elements or passes.
    Parts,
    /// Nothing.
    Unknown,
}

/// How a planned step is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum PlannedRepeat {
    /// For each element of a list.
    ForEach {
        /// Its elements; null when the inputs do not say how many.
        #[cfg_attr(feature = "ts", ts(type = "number | null"))]
        count: Option<u64>,
        /// Elements under way at one time; null for no bound of its own.
        max_parallel: Option<u32>,
    },
    /// Again and again.
    Loop {
        /// Passes at the most.
        max: u32,
    },
}

/// What makes a path the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum CriticalBy {
    /// Its expected duration, as far as it is known.
    Duration,
    /// Its number of steps: no duration is known.
    Steps,
}

/// How complex a workflow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct PlanComplexity {
    /// McCabe's cyclomatic number of the control-flow graph: the number of independent ways through it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cyclomatic: u64,
    /// Steps, groups too.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub steps: u64,
    /// Places where a value or a person decides how it goes on.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub decisions: u64,
    /// How deep groups are nested; 1 without any.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub depth: u64,
}

/// Asks for a workflow as a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ExportWorkflow {
    /// Path relative to the workspace, or a workflow's id.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub workflow: Option<String>,
    /// A text to draw in place of that of the file.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub text: Option<String>,
    /// For which tool.
    pub format: PictureFormat,
    /// Whether levels and the critical path are shown; not for `wfformat`.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub plan: bool,
    /// The inputs by name, for the plan.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>", optional = nullable))]
    pub inputs: Map<String, Value>,
    /// The run whose tasks and times are recorded; only for `wfformat`.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub run: Option<String>,
}

/// A format of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum PictureFormat {
    /// A Mermaid flowchart.
    Mermaid,
    /// A Graphviz digraph.
    Dot,
    /// A WfFormat 1.5 instance of the WfCommons project.
    Wfformat,
}

/// A workflow as a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Exported {
    /// The picture.
    pub text: String,
}
