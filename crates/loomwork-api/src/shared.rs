//! What the runs of a workspace share: circuit breakers, and the list of dead letters.

use serde::{Deserialize, Serialize};

use crate::{Run, RunError, RunSummary};

/// Whether a circuit breaker lets attempts through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum BreakerStatus {
    /// It does.
    Closed,
    /// It refuses them.
    Open,
    /// It lets one through, whose end decides.
    HalfOpen,
}

/// An attempt of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct AttemptName {
    /// The run's id.
    pub run: String,
    /// Path of the step.
    pub step: String,
    /// The attempt's number.
    pub attempt: u32,
}

/// A failure that a circuit breaker counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct BreakerFailure {
    /// The attempt.
    #[serde(flatten)]
    pub attempt: AttemptName,
    /// When it failed.
    pub at: String,
    /// Why.
    pub error: RunError,
}

/// A circuit breaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Breaker {
    /// What the attempts have in common that it is for: what `key` says, else workflow and step.
    pub key: String,
    /// Whether it lets attempts through.
    pub status: BreakerStatus,
    /// Since when.
    pub since: String,
    /// Failures in a row that it has counted; null unless it is closed.
    pub failures: Option<u32>,
    /// Failures in a row that open it.
    pub limit: u32,
    /// How long it stays open, in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cooldown_ms: u64,
    /// When it lets an attempt through again; null unless it is open.
    pub half_opens_at: Option<String>,
    /// The attempt that it let through and that is under way; null unless it is half open.
    pub trial: Option<AttemptName>,
    /// The last failure that it counted.
    pub last_failure: Option<BreakerFailure>,
}

/// The circuit breakers: those that are not closed first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct BreakerList {
    /// The breakers that attempts have asked.
    pub breakers: Vec<Breaker>,
}

/// Closes a circuit breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ResetBreaker {
    /// Its key.
    pub key: String,
}

/// A run that failed for good: nobody took it up in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct DeadLetter {
    /// When the run failed.
    pub failed_at: String,
    /// When it was put on the list.
    pub parked_at: String,
    /// The run.
    pub run: RunSummary,
}

/// The dead letters, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct DeadLetterList {
    /// The letters.
    pub dead_letters: Vec<DeadLetter>,
}

/// Asks for one dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct GetDeadLetter {
    /// The run's id, or a beginning of it that is unique.
    pub run: String,
}

/// A dead letter with all that is needed to send it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct WholeDeadLetter {
    /// When the run failed.
    pub failed_at: String,
    /// When it was put on the list.
    pub parked_at: String,
    /// Hash of the workflow that it ran.
    pub definition: String,
    /// Whether the workflow's file says the same now; null when there is no such file any more.
    pub unchanged: Option<bool>,
    /// The run with its inputs and steps.
    pub run: Run,
}

/// Starts a new run in place of a dead letter: with its inputs, labels and priority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ResendRun {
    /// The run's id, or a beginning of it that is unique.
    pub run: String,
    /// With the workflow that the old run ran, in place of its file as it stands.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
    pub original: bool,
}

/// Takes a dead letter off the list; its run stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct DiscardDeadLetter {
    /// The run's id, or a beginning of it that is unique.
    pub run: String,
    /// Why.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub reason: Option<String>,
}
