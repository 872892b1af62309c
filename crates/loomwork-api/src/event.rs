//! Events as they are published: the envelope, and the data of each kind.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One event of the journal.
///
/// `data` by `kind` (fields of the run's state that folding needs; all others may be ignored):
///
/// | kind | data |
/// | --- | --- |
/// | `run_created` | `workflow, path, definition, version?, inputs, trigger {kind, actor}, labels, priority, number` |
/// | `run_started` | — |
/// | `run_cancel_requested` | `reason?` |
/// | `run_taken_up` | `reason` (`retry`) |
/// | `run_succeeded` | `outputs` |
/// | `run_failed` | `error: RunError` |
/// | `run_cancelled` | `reason?` |
/// | `step_queued` | — |
/// | `attempt_started` (with `attempt`) | `input, idempotency_key` |
/// | `attempt_succeeded` | `log: LogSeal, usage?` |
/// | `attempt_failed` | `error: RunError, log?, usage?` |
/// | `attempt_cancelled` | `log?, usage?` |
/// | `attempt_lost` | — |
/// | `step_retrying` | `due_at` (RFC 3339) |
/// | `step_succeeded` | `port, output, cached?: {run, step}` |
/// | `step_failed` | `error: RunError` |
/// | `step_skipped` | `reason` |
/// | `step_cancelled` | `reason?` |
/// | `step_reset` | — (back to `pending`; attempts are kept) |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Event {
    /// Number, growing over the whole workspace.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub seq: u64,
    /// The run; null for events of the workspace.
    pub run: Option<String>,
    /// When it was decided, RFC 3339 in UTC with milliseconds.
    pub at: String,
    /// Who: `engine`, or a person's name.
    pub actor: String,
    /// What happened, past tense: `step_succeeded`.
    pub kind: String,
    /// Version of the kind's data.
    pub v: u32,
    /// Path of the step, if it is about one.
    pub step: Option<String>,
    /// Attempt number, if it is about one.
    pub attempt: Option<u32>,
    /// What else is known, by kind. Values above 1 kB stand as `{"$value": HASH, "size": BYTES}`.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub data: Value,
    /// SHA-256 over the event and `prev`, in hex.
    pub hash: String,
    /// Hash of the run's event before; of zeros for the first.
    pub prev: String,
}

/// A stretch of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct EventPage {
    /// The events, by `seq`.
    pub events: Vec<Event>,
}
