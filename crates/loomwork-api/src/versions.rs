//! Versions of a workflow: the definitions that were run, and what is different between two of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Asks for the versions of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ListVersions {
    /// The workflow's id, or its path relative to the workspace.
    pub workflow: String,
}

/// The versions of a workflow: the file as it stands first, then those that were run, the last used first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct VersionList {
    /// The workflow's id.
    pub workflow: String,
    /// Path of its file; null when there is none any more.
    pub path: Option<String>,
    /// The versions.
    pub versions: Vec<WorkflowVersion>,
}

/// One text of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct WorkflowVersion {
    /// SHA-256 of the text, in hex.
    pub hash: String,
    /// The version that the text says, if any.
    pub version: Option<String>,
    /// How many runs it had.
    pub runs: u32,
    /// When its first run was created; null when it had none.
    pub first_run_at: Option<String>,
    /// When its last run was created.
    pub last_run_at: Option<String>,
    /// Whether it is the file as it stands.
    pub current: bool,
}

/// Asks what is different between two definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct CompareVersions {
    /// The old one.
    pub from: Definition,
    /// The new one.
    pub to: Definition,
}

/// A definition of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum Definition {
    /// A path relative to the workspace or a workflow's id, for the file as it stands; or the hash of a definition that
    /// was run, or a beginning of it that is unique.
    Named(String),
    /// A text.
    Text(String),
}

/// The difference between two definitions by meaning: formatting, comments and order of keys make none. Paths are those
/// of groups and step with dots (`describe.sentence`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Comparison {
    /// Steps that only the new one has.
    pub added: Vec<String>,
    /// Steps that only the old one has.
    pub removed: Vec<String>,
    /// Steps with another id.
    pub renamed: Vec<StepMove>,
    /// Steps in another group.
    pub moved: Vec<StepMove>,
    /// Steps that do, need or tolerate something else.
    pub changed: Vec<StepChange>,
    /// What changed at the top of the file.
    pub workflow: Vec<FieldChange>,
}

/// A step that is found elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct StepMove {
    /// Its path in the old definition.
    pub from: String,
    /// Its path in the new one.
    pub to: String,
}

/// A step that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct StepChange {
    /// Its path in the old definition.
    pub from: String,
    /// Its path in the new one.
    pub to: String,
    /// The fields that changed.
    pub fields: Vec<FieldChange>,
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct FieldChange {
    /// The field, with dots: `run`, `env.LANG`, `retry.attempts`.
    pub field: String,
    /// What it is about.
    pub aspect: Aspect,
    /// Its value before; null when it was not there.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub from: Option<Value>,
    /// Its value now; null when it is not there.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub to: Option<Value>,
}

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum Aspect {
    /// What is done.
    Action,
    /// What goes in.
    Inputs,
    /// When it is done, after what.
    Edges,
    /// What happens around it: retries, timeouts, errors, restarts.
    Policy,
    /// How it is shown.
    Presentation,
}

impl Comparison {
    /// Whether the two mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
