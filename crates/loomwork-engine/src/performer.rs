//! The seam between the engine and the effects: what is handed out, and what comes back.
//!
//! Invariant: the engine hands out an attempt only after the event that intends it is durable, and takes exactly one
//! report for it. Not here: how an action is performed (`loomwork-steps`).

use loomwork_run::{AttemptOutcome, CacheQuestion, ErrorClass, LogSeal, RunError, Usage};
use serde_json::Value;

/// Names an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    /// The run's id.
    pub run: String,
    /// Path of the step.
    pub step: String,
    /// Number of the attempt, from 1.
    pub attempt: u32,
}

/// All that performing an attempt needs.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptSpec {
    /// Its name.
    pub key: AttemptKey,
    /// The workflow's id.
    pub workflow: String,
    /// The action's key: `run`.
    pub action: String,
    /// The resolved input, an object: the action's fields with expressions evaluated.
    pub input: Value,
    /// Bound of the attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Equal for all attempts of the step until its input is edited.
    pub idempotency_key: String,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptReport {
    /// Its name.
    pub key: AttemptKey,
    /// Success with an output, failure, or stopped.
    pub outcome: AttemptOutcome,
    /// Its log, when it wrote one.
    pub log: Option<LogSeal>,
    /// What its process used, when that is known.
    pub usage: Option<Usage>,
}

/// Where the report of an attempt goes; called exactly once.
pub type ReportTo = Box<dyn FnOnce(AttemptReport) + Send>;

/// Asks for the fingerprint under which a step's output is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct FingerprintSpec {
    /// The run's id.
    pub run: std::sync::Arc<str>,
    /// Path of the step.
    pub step: std::sync::Arc<str>,
    /// What must be equal.
    pub question: CacheQuestion,
}

/// Where a fingerprint goes; called exactly once.
pub type FingerprintTo = Box<dyn FnOnce(FingerprintSpec, Result<String, RunError>) + Send>;

/// Performs attempts. Implemented by the actions, and by a scripted stand-in in tests.
pub trait Performer: Send + Sync + 'static {
    /// Starts an attempt and returns at once.
    fn start(&self, spec: AttemptSpec, report: ReportTo);

    /// Reads the files and secrets that a fingerprint covers, and returns at once: it takes as long as the files are large.
    /// A performer of actions whose outputs are not kept refuses.
    fn fingerprint(&self, spec: FingerprintSpec, to: FingerprintTo) {
        to(spec, Err(RunError::new(ErrorClass::Validation, "the outputs of this action are not kept")));
    }

    /// Asks an attempt to stop; its report follows. Unknown attempts are ignored: they have reported already.
    fn cancel(&self, key: &AttemptKey);
}
