//! A run as people and programs see it. The JSON of these types is a public contract.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// State of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum RunStatus {
    /// Created, not started.
    Queued,
    /// Steps are under way or can start.
    Running,
    /// Nothing can go on before a timer, an event or a person.
    Waiting,
    /// A person stopped it from starting further attempts.
    Paused,
    /// A cancel was asked for and processes are being ended.
    Cancelling,
    /// Completed steps are being undone.
    Compensating,
    /// Ended well.
    Succeeded,
    /// Ended with a failure that nothing handled.
    Failed,
    /// Ended by a person or a policy.
    Cancelled,
    /// Its completed steps were undone.
    Compensated,
}

impl RunStatus {
    /// Whether the run has ended (it may still be taken up again).
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::Compensated)
    }
}

/// What a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum WaitsFor {
    /// Somebody's decision: an approval, or what becomes of a step that needs attention.
    Person,
    /// A slot, or its turn in the queue.
    Slot,
    /// An event; where a timer may end the wait as well, this counts.
    Event,
    /// A moment, or the next attempt.
    Time,
}

impl WaitsFor {
    /// All of them, those first that somebody can do something about.
    pub const ALL: [Self; 4] = [Self::Person, Self::Slot, Self::Event, Self::Time];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Slot => "slot",
            Self::Event => "event",
            Self::Time => "time",
        }
    }
}

/// State of a step within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum StepStatus {
    /// Not reached yet.
    Pending,
    /// Ready, waits for a slot.
    Queued,
    /// An attempt is under way.
    Running,
    /// Waits for its next attempt.
    Retrying,
    /// Waits for a time or an event.
    Waiting,
    /// Waits for a person's decision.
    NeedsApproval,
    /// A person must say what becomes of it.
    NeedsAttention,
    /// Ended on a port other than `failed`.
    Succeeded,
    /// Ended on its `failed` port.
    Failed,
    /// Its branch was not taken, or its condition was false.
    Skipped,
    /// Stopped by a person or a policy.
    Cancelled,
    /// It is being undone.
    Compensating,
    /// It was undone.
    Compensated,
}

impl StepStatus {
    /// Whether the step has ended.
    pub fn is_final(self) -> bool {
        use StepStatus::{Cancelled, Compensated, Compensating, Failed, Skipped, Succeeded};
        matches!(self, Succeeded | Failed | Skipped | Cancelled | Compensating | Compensated)
    }
}

/// State of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum AttemptStatus {
    /// Under way.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Stopped.
    Cancelled,
    /// The engine died while it was under way; whether it had its effect is not known.
    Lost,
}

/// Class of an error; decides what is retried and what is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum ErrorClass {
    /// May pass by itself: exit code 75, connection reset.
    Transient,
    /// The attempt ran out of time.
    Timeout,
    /// Out of memory, disk, or killed by a limit.
    Resource,
    /// Something needed is not there: command not found.
    Dependency,
    /// Input, output or an expression does not fit.
    Validation,
    /// Not permitted.
    Security,
    /// It will fail again: any other non-zero exit.
    Permanent,
    /// Anything else.
    Unknown,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum SuggestedAction {
    /// Try again.
    Retry,
    /// Try again later, then ask a person.
    RetryThenAsk,
    /// Mend the workflow or its input first.
    Fail,
}

/// An error of an attempt, a step or a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RunError {
    /// Its class.
    pub class: ErrorClass,
    /// What happened, for a person.
    pub message: String,
    /// Facts, for example `{"exit_code": 1, "stderr_tail": "…"}`.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub details: Value,
    /// Whether trying again may help.
    pub recoverable: bool,
    /// What to do.
    pub suggested_action: SuggestedAction,
    /// For the error of a run: the path of the deepest failing step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub step: Option<String>,
}

/// What a process used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Usage {
    /// Processor time, user and system, in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cpu_ms: u64,
    /// Largest resident memory, in bytes; null when the system could not tell it apart from that of the engine.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub max_rss_bytes: Option<u64>,
}

/// The log file of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct LogSeal {
    /// Length of the file in bytes.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// One attempt of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Attempt {
    /// Number within the step, from 1.
    pub number: u32,
    /// State.
    pub status: AttemptStatus,
    /// When it started.
    pub started_at: String,
    /// When it ended, null while it is under way.
    pub ended_at: Option<String>,
    /// Why it failed.
    pub error: Option<RunError>,
    /// What its process used, once it has ended.
    pub usage: Option<Usage>,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RunStep {
    /// Path within the run.
    pub path: String,
    /// The step's id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// The action's key.
    pub action: String,
    /// State.
    pub status: StepStatus,
    /// The port it ended on; null before, and for skipped and cancelled steps.
    pub port: Option<String>,
    /// The attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// When the first attempt started (or the step was decided).
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// From start to end, or to now, in milliseconds; null before the start.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub duration_ms: Option<u64>,
    /// When the next attempt is due, while retrying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub due_at: Option<String>,
    /// Why it was skipped or cancelled, or what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub reason: Option<String>,
    /// Resolved input of the last attempt, null before. Values above 64 KiB are `{"$blob": HASH, "size": …, "preview": …}`.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub input: Value,
    /// Output, null before.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub output: Value,
    /// Why it failed.
    pub error: Option<RunError>,
    /// The success whose output it used again, in place of an attempt of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub cached: Option<CachedFrom>,
    /// How its undoing went, if it was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub compensation: Option<Compensation>,
}

/// The success whose output was used again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct CachedFrom {
    /// The run's id.
    pub run: String,
    /// Path of the step in it.
    pub step: String,
}

/// How the undoing of a step went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Compensation {
    /// `running`, `retrying`, `succeeded` or `failed`.
    pub status: StepStatus,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last one failed.
    pub error: Option<RunError>,
}

/// What started a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Trigger {
    /// `manual` for a person.
    pub kind: String,
    /// Who.
    pub actor: String,
}

/// The moment of another run from which a run was forked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ForkedFrom {
    /// The run's id.
    pub run: String,
    /// Number of its event.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub seq: u64,
}

/// Steps done and known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Progress {
    /// Steps that have ended.
    pub done: u32,
    /// Steps known so far.
    pub known: u32,
}

/// A run without its steps, as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RunSummary {
    /// UUID version 7.
    pub id: String,
    /// Number within its workflow, from 1, for people: `release-notes #12`.
    pub number: u32,
    /// The workflow's id.
    pub workflow: String,
    /// Path of the workflow's file when the run was created.
    pub path: String,
    /// The workflow's version, if it says one.
    pub version: Option<String>,
    /// State.
    pub status: RunStatus,
    /// A person, whatever else goes on in it; else what holds up all that could go on. Absent where something is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub waits_for: Option<WaitsFor>,
    /// What started it.
    pub trigger: Trigger,
    /// The moment of another run from which it goes on; absent for all other runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub forked_from: Option<ForkedFrom>,
    /// Labels.
    pub labels: IndexMap<String, String>,
    /// From 0 (last) to 9 (first); 5 unless said.
    pub priority: u8,
    /// When it was created.
    pub created_at: String,
    /// When it started.
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// From start to end, or to now, in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub duration_ms: Option<u64>,
    /// Steps done and known.
    pub progress: Progress,
    /// Why it failed.
    pub error: Option<RunError>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Run {
    /// What lists show.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// The inputs, defaults filled in.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub inputs: Value,
    /// The outputs, null before the end.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown> | null"))]
    pub outputs: Value,
    /// The steps, in the order of the file.
    pub steps: Vec<RunStep>,
    /// Number of the last event that this shows; a watcher goes on from here.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub seq: u64,
}

/// Runs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RunList {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// How many there are of each status, regardless of the filter and limit.
    pub counts: IndexMap<String, u32>,
    /// How many wait for what, regardless of the filter and limit.
    #[serde(default)]
    pub waits_for: IndexMap<String, u32>,
}

/// What a retry would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RetryPlan {
    /// Steps that run again or for the first time.
    pub runs: Vec<String>,
    /// Steps whose results are kept.
    pub reused: Vec<String>,
    /// Of `runs`, those that had started before: their effects may happen again.
    pub repeats: Vec<String>,
}

/// The outcome of a retry: the plan, and the run once it was taken up (null when only planned).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Retried {
    /// What re-runs, is reused and repeats.
    pub plan: RetryPlan,
    /// The run.
    pub run: Option<Run>,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct LogLine {
    /// When its first byte arrived, RFC 3339.
    pub at: String,
    /// Path of the step.
    pub step: String,
    /// Attempt number.
    pub attempt: u32,
    /// Number within the attempt's log, from 1: tells a line of the log from the same line in the news.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub number: u64,
    /// `stdout` or `stderr`.
    pub stream: LogStream,
    /// The line without its end; invalid UTF-8 stands as U+FFFD.
    pub text: String,
}

/// Where a line of a log came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A stretch of log lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct LogPage {
    /// The lines, by time.
    pub lines: Vec<LogLine>,
    /// Lines that were left out before these because of the limit.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub omitted: u64,
}
