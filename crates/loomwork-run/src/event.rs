//! The events of a run, by kind. One macro keeps names, data and (de)coding in step.
//!
//! Invariant: `name()` and the JSON of the data are a format that outlives this code; they change by new versions only.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{RunError, ValueRef};

/// Version of every kind's data so far.
pub const EVENT_VERSION: u32 = 1;

/// An event of a run before it stands in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When it was decided, in milliseconds since 1970.
    pub at_ms: i64,
    /// `engine`, or the name of a person.
    pub actor: String,
    /// Path of the step, if it is about one.
    pub step: Option<String>,
    /// Number of the attempt, if it is about one.
    pub attempt: Option<u32>,
    /// What happened.
    pub kind: EventKind,
}

/// The data of an event cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A kind of a newer version, or damage.
    #[error("unknown kind of event `{0}` (version {1})")]
    UnknownKind(String, u32),
    /// The data does not fit the kind.
    #[error("data of `{kind}` cannot be read: {message}")]
    Data {
        /// The kind.
        kind: String,
        /// What is wrong.
        message: String,
    },
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:literal $variant:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            pub struct $variant { $($(#[$field_doc])* pub $field: $type,)* }
        )*

        /// What happened in a run.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "the large one happens once a run, and events live briefly")]
        pub enum EventKind { $($(#[$doc])* $variant($variant),)* }

        $(impl From<$variant> for EventKind {
            fn from(data: $variant) -> Self { Self::$variant(data) }
        })*

        impl EventKind {
            /// All names, in the order of the definition.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The name in the journal.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// The data as JSON text, as it is stored.
            pub fn encode(&self) -> Vec<u8> {
                // Serialising these types fails only for maps with keys that are no strings, which they cannot hold.
                match self { $(Self::$variant(data) => serde_json::to_vec(data).unwrap_or_default(),)* }
            }

            /// Reads stored data.
            ///
            /// # Errors
            /// When the kind is unknown or the data does not fit it.
            pub fn decode(name: &str, version: u32, data: &[u8]) -> Result<Self, DecodeError> {
                if version != EVENT_VERSION {
                    return Err(DecodeError::UnknownKind(name.to_owned(), version));
                }
                let wrong = |error: serde_json::Error| DecodeError::Data { kind: name.to_owned(), message: error.to_string() };
                match name {
                    $($name => serde_json::from_slice::<$variant>(data).map(Self::$variant).map_err(wrong),)*
                    _ => Err(DecodeError::UnknownKind(name.to_owned(), version)),
                }
            }
        }
    };
}

/// What started a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTrigger {
    /// `manual` for a person.
    pub kind: String,
    /// Who.
    pub actor: String,
}

/// The step of another run that called a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The run's id.
    pub run: String,
    /// Path of the step.
    pub step: String,
    /// Number of the attempt.
    pub attempt: u32,
    /// How many calls lie above, from 1.
    pub depth: u32,
}

/// The moment of another run from which a run was forked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkedFrom {
    /// The run's id.
    pub run: String,
    /// Number of its event.
    pub seq: u64,
    /// How many events after this one were taken over.
    pub events: u32,
    /// By how much their times were moved, in milliseconds.
    pub moved_ms: i64,
}

/// One thing that a step waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFor {
    /// The branch of `first_of`; none for a plain `wait`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The event's name; none for a timer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// When the timer comes due, or the event is waited for no longer, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at_ms: Option<i64>,
}

/// What a step waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// Times and events.
    For(Vec<WaitingFor>),
    /// A person's decision.
    Approval {
        /// What is asked.
        message: String,
        /// When nobody is waited for any longer.
        due_at_ms: Option<i64>,
    },
}

/// The success whose output was used again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedFrom {
    /// The run's id.
    pub run: String,
    /// Path of the step in it.
    pub step: String,
}

/// Length and hash of an attempt's log file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSeal {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// What a process used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time, user and system, in milliseconds.
    pub cpu_ms: u64,
    /// Largest resident memory, in bytes; none when the system could not tell it apart from that of the engine.
    pub max_rss_bytes: Option<u64>,
}

events! {
    /// The run exists.
    "run_created" RunCreated {
        /// The workflow's id.
        workflow: String,
        /// Path of its file, relative to the workspace.
        path: String,
        /// Hash of its text, under which the text is kept.
        definition: String,
        /// Its version, if it says one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        /// Number within the workflow, from 1.
        number: u32,
        /// Inputs with defaults filled in, an object.
        inputs: ValueRef,
        /// The workflow's `env`, evaluated, an object.
        env: ValueRef,
        /// What started it.
        trigger: RunTrigger,
        /// Labels.
        labels: IndexMap<String, String>,
        /// From 0 (last) to 9 (first).
        priority: u8,
        /// Number of steps, for lists that do not read the definition.
        steps: u32,
        /// The step of another run that called it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<Parent>,
        /// Its concurrency group, evaluated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        /// The moment of another run from which it goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forked_from: Option<ForkedFrom>,
    }
    /// Its steps may start.
    "run_started" RunStarted {}
    /// Somebody wants it to end.
    "run_cancel_requested" RunCancelRequested {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Whether completed steps are undone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        compensate: bool,
    }
    /// An `end` step was reached.
    "run_end_requested" RunEndRequested {
        /// None for `succeeded`, else the failure's message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    }
    /// Nothing more starts until it is resumed.
    "run_paused" RunPaused {}
    /// It goes on.
    "run_resumed" RunResumed {}
    /// It goes on with another definition.
    "run_amended" RunAmended {
        /// Hash of the new text.
        definition: String,
        /// Its version, if it says one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        /// Path of its file, relative to the workspace.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// Number of steps, for lists that do not read the definition.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<u32>,
        /// The inputs from now on, an object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inputs: Option<ValueRef>,
        /// The workflow's `env` from now on, an object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        env: Option<ValueRef>,
    }
    /// Its completed steps are being undone.
    "run_compensating" RunCompensating {}
    /// They are undone.
    "run_compensated" RunCompensated {
        /// What it failed of, if it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<RunError>,
    }
    /// An event reached the run.
    "event_sent" EventSent {
        /// Its name.
        name: String,
        /// Its data.
        data: ValueRef,
    }
    /// It goes on after a repair.
    "run_taken_up" RunTakenUp {
        /// `retry`.
        reason: String,
    }
    /// It ended well.
    "run_succeeded" RunSucceeded {
        /// The outputs, an object.
        outputs: ValueRef,
    }
    /// It ended with a failure that nothing handled.
    "run_failed" RunFailed {
        /// The first such failure.
        error: RunError,
    }
    /// It was ended.
    "run_cancelled" RunCancelled {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    /// A timer of the run or of a step came due.
    "timer_fired" TimerFired {
        /// `run_timeout`, `timeout`, or `wait`.
        timer: String,
    }
    /// The state of the run was kept by a person.
    "checkpoint_created" CheckpointCreated {
        /// The checkpoint's id.
        checkpoint: String,
        /// Its name, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// How much it holds: `minimal`, `standard`, `comprehensive` or `debug`.
        level: String,
        /// SHA-256 of its content, in hex.
        sha256: String,
    }
    /// The run begins with what a checkpoint of another one had kept.
    "checkpoint_restored" CheckpointRestored {
        /// The checkpoint's id.
        checkpoint: String,
        /// The run of which it is.
        run: String,
    }
    /// The step is ready and waits for a slot.
    "step_queued" StepQueued {}
    /// An attempt is about to start.
    "attempt_started" AttemptStarted {
        /// The resolved input, an object.
        input: ValueRef,
        /// Equal for all attempts of the step until its input is edited.
        idempotency_key: String,
        /// For a for-each: the elements of its list, which is the input's `items`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u32>,
        /// For a container that is taken up: what it has is kept.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resume: bool,
        /// When the attempt of a container runs out of time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_at_ms: Option<i64>,
        /// The run that it calls.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child: Option<String>,
        /// For a step with `cache`: what its output may be used again for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<String>,
    }
    /// An attempt ended well.
    "attempt_succeeded" AttemptSucceeded {
        /// Its log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<LogSeal>,
        /// What it used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    }
    /// An attempt failed.
    "attempt_failed" AttemptFailed {
        /// Why.
        error: RunError,
        /// Its log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<LogSeal>,
        /// What it used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    }
    /// An attempt was stopped.
    "attempt_cancelled" AttemptCancelled {
        /// Its log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<LogSeal>,
        /// What it used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    }
    /// The engine died while the attempt was under way: it may or may not have had its effect.
    "attempt_lost" AttemptLost {}
    /// Another attempt follows.
    "step_retrying" StepRetrying {
        /// When it is due, in milliseconds since 1970.
        due_at_ms: i64,
        /// The rule of `on_error` whose fallback it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback: Option<usize>,
    }
    /// The step waits for a time or an event.
    "step_waiting" StepWaiting {
        /// What for; the branches of `first_of` have names.
        waits: Vec<WaitingFor>,
    }
    /// The step waits for a person's decision.
    "step_approval_requested" StepApprovalRequested {
        /// What is asked.
        message: String,
        /// When nobody is waited for any longer, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_at_ms: Option<i64>,
    }
    /// A person decided.
    "step_answered" StepAnswered {
        /// The decision: a port's name.
        decision: String,
    }
    /// A person must say what becomes of the step.
    "step_needs_attention" StepNeedsAttention {
        /// Why.
        error: RunError,
    }
    /// What is under way of the step is to be stopped.
    "step_cancel_requested" StepCancelRequested {
        /// Why.
        reason: String,
    }
    /// The step is being undone.
    "compensation_started" CompensationStarted {
        /// The resolved input.
        input: ValueRef,
    }
    /// The step is undone.
    "compensation_succeeded" CompensationSucceeded {
        /// Its log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<LogSeal>,
    }
    /// The step could not be undone, or not yet.
    "compensation_failed" CompensationFailed {
        /// Why.
        error: RunError,
        /// When it is tried again, in milliseconds since 1970; none for never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_at_ms: Option<i64>,
    }
    /// The step ended on a port other than `failed`.
    "step_succeeded" StepSucceeded {
        /// The port.
        port: String,
        /// The output.
        output: ValueRef,
        /// For a step with `cache`: what its output may be used again for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<String>,
        /// The success whose output this is, when it was used again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cached: Option<CachedFrom>,
    }
    /// The step ended on its port `failed`.
    "step_failed" StepFailed {
        /// Why.
        error: RunError,
        /// Whether the run's completed steps are undone because of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        compensate: bool,
    }
    /// The step is not done.
    "step_skipped" StepSkipped {
        /// Why.
        reason: String,
    }
    /// The step was stopped.
    "step_cancelled" StepCancelled {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    /// The step is as if it had not been reached; its attempts stay on record.
    "step_reset" StepReset {
        /// Merge patch (RFC 7396) on its resolved input, for the attempts until it ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        set: Option<Value>,
        /// For a container: what it has is kept.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resume: bool,
        /// Whether its effect is a new one: it gets a new idempotency key.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anew: bool,
    }
}

impl StepSucceeded {
    /// A success with an output of its own that no other step uses.
    pub(crate) fn new(port: &str, output: ValueRef) -> Self {
        Self { port: port.to_owned(), output, fingerprint: None, cached: None }
    }
}
