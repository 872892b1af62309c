//! Runs that leave the journal, for the archive or for good, and the archive itself.

use serde::{Deserialize, Serialize};

use crate::{RunStatus, RunSummary};

/// Which runs are meant: those that are named, or all ended ones for which everything else holds that is said. Something is
/// said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RunSelection {
    /// Ids of runs, or beginnings of them that are unique: these and no others.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<String>>"))]
    pub runs: Vec<String>,
    /// Those that ended in one of these ways.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<RunStatus>>"))]
    pub statuses: Vec<RunStatus>,
    /// Those of this workflow: its id.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub workflow: Option<String>,
    /// Those that ended so long ago: a duration such as `30d`.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub older_than: Option<String>,
    /// All but the newest so many of each workflow and each way of ending.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub keep: Option<u32>,
}

/// Puts ended runs into the archive: they leave the list, and can come back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ArchiveRuns {
    /// Which.
    #[serde(flatten)]
    pub which: RunSelection,
    /// Only say which would go, and what would stay.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
    pub plan: bool,
}

/// Deletes ended runs for good.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct PurgeRuns {
    /// Which.
    #[serde(flatten)]
    pub which: RunSelection,
    /// Only say which would go, and what would stay.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
    pub plan: bool,
}

/// A run that goes, or is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RemovedRun {
    /// The run.
    pub run: RunSummary,
    /// Its events.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub events: u64,
    /// What it takes of journal, logs and checkpoints, in bytes, without large values.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// Size of its file in the archive, in bytes; absent when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional, type = "number"))]
    pub archive_bytes: Option<u64>,
}

/// A run that was meant and stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct KeptRun {
    /// The run.
    pub run: RunSummary,
    /// Why.
    pub why: String,
}

/// What became of a removal of runs, or what would.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Removal {
    /// Whether nothing was done.
    pub plan: bool,
    /// The runs that go or are gone, the oldest first.
    pub runs: Vec<RemovedRun>,
    /// Those that were meant and stay.
    pub kept: Vec<KeptRun>,
    /// Whether there are more: the same request takes the next ones.
    pub more: bool,
    /// Large values that go with the runs: nothing else names them.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub values: u64,
    /// What the journal, logs and checkpoints give free, large values among it, in bytes.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
}

/// Asks what is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, type = "Record<string, never>"))]
pub struct ListArchive {}

/// Brings a run back from the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RestoreArchived {
    /// The run's id, or a beginning of it that is unique in the archive.
    pub run: String,
}

/// Deletes a run from the archive for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct DeleteArchived {
    /// The run's id, or a beginning of it that is unique in the archive.
    pub run: String,
}

/// What an archived run says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ArchivedFacts {
    /// The run, as lists showed it.
    pub run: RunSummary,
    /// When it was archived.
    pub archived_at: String,
    /// Who archived it.
    pub actor: String,
    /// Its events.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub events: u64,
    /// Size of its file in bytes.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// What it took before of journal, logs and checkpoints, in bytes, without large values.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub took_bytes: u64,
}

/// An archived run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ArchivedRun {
    /// The run's id.
    pub id: String,
    /// Why it cannot be read; null when it can.
    pub problem: Option<String>,
    /// What it says of itself; null when it cannot be read.
    pub facts: Option<ArchivedFacts>,
}

/// What is in the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ArchiveList {
    /// The runs, the oldest first.
    pub runs: Vec<ArchivedRun>,
    /// Where the files are.
    pub folder: String,
}
