//! The machines of a run, a step and an attempt: one flat match each. What is not listed does not happen.
//!
//! Not here: the data that comes with an event (`apply`), and who causes it (`decide`, `request`).

use serde::{Deserialize, Serialize};

use crate::EventKind;

/// The next state of a run, or none when the event cannot happen in this one.
pub(crate) fn run_transition(status: RunStatus, event: &EventKind) -> Option<RunStatus> {
    use EventKind as E;
    use RunStatus::{Cancelled, Cancelling, Failed, Queued, Running, Succeeded};
    match (status, event) {
        (Queued, E::RunStarted(_)) => Some(Running),
        (Queued, E::RunCancelRequested(_)) => Some(Cancelling),
        (Running, E::RunCancelRequested(_)) => Some(Cancelling),
        (Running, E::TimerFired(_)) => Some(Running),
        (Running, E::RunSucceeded(_)) => Some(Succeeded),
        (Running, E::RunFailed(_)) => Some(Failed),
        (Running, E::RunTakenUp(_)) => Some(Running),
        (Cancelling, E::RunCancelled(_)) => Some(Cancelled),
        (Failed, E::RunTakenUp(_)) => Some(Running),
        (Cancelled, E::RunTakenUp(_)) => Some(Running),
        _ => None,
    }
}

/// The next state of a step, or none when the event cannot happen in this one.
pub(crate) fn step_transition(status: StepStatus, event: &EventKind) -> Option<StepStatus> {
    use EventKind as E;
    use StepStatus::{Cancelled, Failed, Pending, Queued, Retrying, Running, Skipped, Succeeded};
    match (status, event) {
        (Pending, E::StepQueued(_)) => Some(Queued),
        (Pending, E::AttemptStarted(_)) => Some(Running),
        (Pending, E::StepSucceeded(_)) => Some(Succeeded),
        (Pending, E::StepFailed(_)) => Some(Failed),
        (Pending, E::StepSkipped(_)) => Some(Skipped),
        (Pending, E::StepCancelled(_)) => Some(Cancelled),
        (Queued, E::AttemptStarted(_)) => Some(Running),
        (Queued, E::StepFailed(_)) => Some(Failed),
        (Queued, E::StepCancelled(_)) => Some(Cancelled),
        (Running, E::AttemptSucceeded(_)) => Some(Running),
        (Running, E::AttemptFailed(_)) => Some(Running),
        (Running, E::AttemptCancelled(_)) => Some(Running),
        (Running, E::AttemptLost(_)) => Some(Queued),
        (Running, E::StepSucceeded(_)) => Some(Succeeded),
        (Running, E::StepFailed(_)) => Some(Failed),
        (Running, E::StepCancelled(_)) => Some(Cancelled),
        (Running, E::StepRetrying(_)) => Some(Retrying),
        (Retrying, E::StepQueued(_)) => Some(Queued),
        (Retrying, E::AttemptStarted(_)) => Some(Running),
        (Retrying, E::StepFailed(_)) => Some(Failed),
        (Retrying, E::StepCancelled(_)) => Some(Cancelled),
        (Failed, E::StepReset(_)) => Some(Pending),
        (Skipped, E::StepReset(_)) => Some(Pending),
        (Cancelled, E::StepReset(_)) => Some(Pending),
        _ => None,
    }
}

/// The next state of an attempt, or none when the event cannot happen in this one.
pub(crate) fn attempt_transition(status: Option<AttemptStatus>, event: &EventKind) -> Option<AttemptStatus> {
    use AttemptStatus::{Cancelled, Failed, Lost, Running, Succeeded};
    use EventKind as E;
    match (status, event) {
        (None, E::AttemptStarted(_)) => Some(Running),
        (Some(Running), E::AttemptSucceeded(_)) => Some(Succeeded),
        (Some(Running), E::AttemptFailed(_)) => Some(Failed),
        (Some(Running), E::AttemptCancelled(_)) => Some(Cancelled),
        (Some(Running), E::AttemptLost(_)) => Some(Lost),
        _ => None,
    }
}

/// State of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the glossary's")]
pub enum RunStatus {
    Queued,
    Running,
    Cancelling,
    Succeeded,
    Failed,
    Cancelled,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Cancelling, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// Whether the run has ended (it may still be taken up).
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// The name in events, the database and expressions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// State of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the glossary's")]
pub enum StepStatus {
    Pending,
    Queued,
    Running,
    Retrying,
    Succeeded,
    Failed,
    Skipped,
    Cancelled,
}

impl StepStatus {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Queued,
        Self::Running,
        Self::Retrying,
        Self::Succeeded,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
    ];

    /// Whether the step has ended.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Skipped | Self::Cancelled)
    }

    /// The name in events and expressions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// State of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the glossary's")]
pub enum AttemptStatus {
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Lost,
}
