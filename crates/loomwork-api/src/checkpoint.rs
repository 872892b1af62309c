//! Checkpoints of runs: kept states, to spare folding and to go back to.

use serde::{Deserialize, Serialize};

/// How much a checkpoint holds. Each level holds what the ones before it hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum CheckpointLevel {
    /// The state; large values by their hash.
    Minimal,
    /// And variables and outputs: the large values themselves.
    #[default]
    Standard,
    /// And an index of the logs, and what the attempts used.
    Comprehensive,
    /// And the surroundings of the engine. Never secrets.
    Debug,
}

/// Asks that the state of a run is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct CreateCheckpoint {
    /// The run's id.
    pub run: String,
    /// A name for people.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub name: Option<String>,
    /// How much it holds; `standard` unless said.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<CheckpointLevel>", optional))]
    pub level: CheckpointLevel,
}

/// Asks for the checkpoints of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ListCheckpoints {
    /// The run's id.
    pub run: String,
}

/// Asks for a new run from what a checkpoint kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RestoreCheckpoint {
    /// The run of which it is.
    pub run: String,
    /// Its id or name.
    pub checkpoint: String,
    /// Only say what would happen.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub plan: bool,
}

/// Asks that a checkpoint is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct DeleteCheckpoint {
    /// The run of which it is.
    pub run: String,
    /// Its id or name.
    pub checkpoint: String,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Checkpoint {
    /// Its id within the run.
    pub id: String,
    /// Why it cannot be used; null when its content is what its hash says.
    pub problem: Option<String>,
    /// What it says of itself; null when it cannot be read.
    pub facts: Option<CheckpointFacts>,
}

/// What a checkpoint says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct CheckpointFacts {
    /// Number of the last event that it holds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub seq: u64,
    /// The name that a person gave it.
    pub name: Option<String>,
    /// How much it holds.
    pub level: CheckpointLevel,
    /// Made by the engine, and deleted by it.
    pub automatic: bool,
    /// Who made it.
    pub actor: String,
    /// When, RFC 3339.
    pub at: String,
    /// Bytes of its file.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// Bytes of its content.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub content_bytes: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// The checkpoints of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct CheckpointList {
    /// Newest state first.
    pub checkpoints: Vec<Checkpoint>,
}
