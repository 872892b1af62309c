//! Care of a workspace: whether all is well, and backups.

use serde::{Deserialize, Serialize};

/// Asks whether the state of the workspace is whole. Nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, type = "Record<string, never>"))]
pub struct CheckWorkspace {}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is well.
    Ok,
    /// Nothing is lost, but somebody should look.
    Warning,
    /// Something is damaged, or nothing can run.
    Error,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Check {
    /// What was checked: `settings`, `disk`, `archive`, `journal`, `values`, `list`, `runs`, `logs` or `checkpoints`.
    pub id: String,
    /// What was found.
    pub verdict: Verdict,
    /// In words.
    pub message: String,
    /// Each thing that is not as it should be, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<String>>", optional))]
    pub findings: Vec<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub advice: Option<String>,
}

/// Whether the state of the workspace is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Diagnosis {
    /// Whether no check found an error.
    pub ok: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Asks for a copy of the state of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct MakeBackup {
    /// Absolute path of the folder to make; it must not exist.
    pub to: String,
}

/// A copy of the state of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Backup {
    /// Its folder.
    pub path: String,
    /// When it was made, RFC 3339 in UTC.
    pub created_at: String,
    /// Runs in it.
    pub runs: u32,
    /// Those that had not ended.
    pub open_runs: u32,
    /// Number of the last event in it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub last_seq: u64,
    /// Bytes of all its files.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
}
