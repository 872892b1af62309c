//! What a watcher asks for and is told.

use serde::{Deserialize, Serialize};

use crate::{Event, LogLine, RunSummary};

/// What to be told about. An empty watch still reports workflows and run summaries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Watch {
    /// A run whose events are wanted.
    #[serde(default)]
    pub run: Option<String>,
    /// Events of that run after this number are sent first; 0 for all of them.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub after_seq: u64,
    /// Whether the log lines of that run are wanted, as they are written.
    #[serde(default)]
    pub logs: bool,
}

/// One batch of news. Batches come at most every 16 ms; fields without news are empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct News {
    /// Committed events of the watched run, by `seq`, none twice.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Log lines of the watched run.
    #[serde(default)]
    pub logs: Vec<LogLine>,
    /// Lines left out of this batch because too many came at one time; `get_logs` has them.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub logs_omitted: u64,
    /// Summaries of any runs that changed.
    #[serde(default)]
    pub runs: Vec<RunSummary>,
    /// Paths of workflow files that were changed, added or removed, by anyone.
    #[serde(default)]
    pub workflows: Vec<String>,
    /// True when a circuit breaker or the list of dead letters changed.
    #[serde(default)]
    pub shared: bool,
    /// True when the owner changed or the stream was interrupted: read everything anew.
    #[serde(default)]
    pub reset: bool,
}
