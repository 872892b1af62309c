//! The workspace as a whole.

use serde::{Deserialize, Serialize};

use crate::RunStatus;

/// Facts about the open workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct WorkspaceFacts {
    /// Absolute path of the workspace's folder.
    pub path: String,
    /// Name shown to people: the folder's last component.
    pub name: String,
    /// Version of the software that owns the workspace.
    pub version: String,
    /// Whether the process that the interface talks to owns the engine (else it is a guest of the owner).
    pub owner: bool,
    /// Process id of the owner.
    pub owner_pid: u32,
    /// False when the journal came from elsewhere: nothing resumes until `trust_workspace`.
    pub trusted: bool,
    /// Name under which this user's actions are recorded.
    pub actor: String,
    /// Number of processes that may run at one time.
    pub slots: u32,
    /// Attempts under way.
    pub running: u32,
    /// Steps waiting for a slot.
    pub queued: u32,
    /// Why nothing new begins for now: the journal cannot be written. What is under way goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub stalled: Option<String>,
}

/// One workflow file in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct WorkflowSummary {
    /// Path relative to the workspace, with `/`: `workflows/release-notes.yaml`. Identifies the file.
    pub path: String,
    /// The workflow's id, null when the file cannot be read that far.
    pub id: Option<String>,
    /// Its description, if any.
    pub description: Option<String>,
    /// Number of steps (0 when the file cannot be read that far).
    pub steps: u32,
    /// Number of errors found.
    pub errors: u32,
    /// Number of warnings found.
    pub warnings: u32,
    /// The last runs, newest first, at most 12.
    pub recent: Vec<RecentRun>,
}

/// One cell of the strip of last states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RecentRun {
    /// The run's id.
    pub id: String,
    /// Its status.
    pub status: RunStatus,
    /// When it was created, RFC 3339 in UTC.
    pub created_at: String,
}

/// The workflows of a workspace, sorted by path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct WorkflowList {
    /// The workflows.
    pub workflows: Vec<WorkflowSummary>,
}
