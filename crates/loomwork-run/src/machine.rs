//! The machines of a run, a step and an attempt: one flat match each. What is not listed does not happen.
//!
//! Not here: the data that comes with an event (`apply`), and who causes it (`decide`, `request`).

use serde::{Deserialize, Serialize};

use crate::EventKind;

/// The next state of a run, or none when the event cannot happen in this one.
pub(crate) fn run_transition(status: RunStatus, event: &EventKind) -> Option<RunStatus> {
    use EventKind as E;
    use RunStatus::{Cancelled, Cancelling, Compensated, Compensating, Failed, Paused, Queued, Running, Succeeded};
    match (status, event) {
        (Queued, E::RunStarted(_)) => Some(Running),
        (Queued, E::RunCancelRequested(_)) => Some(Cancelling),
        (Running, E::RunCancelRequested(_)) => Some(Cancelling),
        (Running, E::RunPaused(_)) => Some(Paused),
        (Running, E::RunAmended(_)) => Some(Running),
        (Running, E::RunEndRequested(_)) => Some(Running),
        (Running, E::EventSent(_)) => Some(Running),
        (Running, E::TimerFired(_)) => Some(Running),
        (Running, E::RunTakenUp(_)) => Some(Running),
        (Running, E::RunCompensating(_)) => Some(Compensating),
        (Running, E::RunSucceeded(_)) => Some(Succeeded),
        (Running, E::RunFailed(_)) => Some(Failed),
        (Paused, E::RunResumed(_)) => Some(Running),
        (Paused, E::RunCancelRequested(_)) => Some(Cancelling),
        (Paused, E::RunAmended(_)) => Some(Paused),
        (Paused, E::EventSent(_)) => Some(Paused),
        (Paused, E::RunTakenUp(_)) => Some(Paused),
        (Cancelling, E::RunCompensating(_)) => Some(Compensating),
        (Cancelling, E::RunCancelled(_)) => Some(Cancelled),
        (Compensating, E::RunCompensated(_)) => Some(Compensated),
        (Compensating, E::RunFailed(_)) => Some(Failed),
        (Failed, E::RunTakenUp(_)) => Some(Running),
        (Failed, E::RunAmended(_)) => Some(Failed),
        (Cancelled, E::RunTakenUp(_)) => Some(Running),
        (Cancelled, E::RunAmended(_)) => Some(Cancelled),
        (Compensated, E::RunTakenUp(_)) => Some(Running),
        (Compensated, E::RunAmended(_)) => Some(Compensated),
        (Succeeded, E::RunTakenUp(_)) => Some(Running),
        (Succeeded, E::RunAmended(_)) => Some(Succeeded),
        // What is written down about a run never changes it.
        (status, E::CheckpointCreated(_) | E::CheckpointRestored(_)) => Some(status),
        _ => None,
    }
}

#[expect(clippy::too_many_lines, reason = "one machine, one flat match")]
/// The next state of a step, or none when the event cannot happen in this one.
pub(crate) fn step_transition(status: StepStatus, event: &EventKind) -> Option<StepStatus> {
    use EventKind as E;
    use StepStatus::{
        Cancelled, Compensated, Compensating, Failed, NeedsApproval, NeedsAttention, Pending, Queued, Retrying, Running, Skipped,
        Succeeded, Waiting,
    };
    match (status, event) {
        (Pending, E::StepQueued(_)) => Some(Queued),
        (Pending, E::AttemptStarted(_)) => Some(Running),
        (Pending, E::StepWaiting(_)) => Some(Waiting),
        (Pending, E::StepApprovalRequested(_)) => Some(NeedsApproval),
        (Pending, E::StepSucceeded(_)) => Some(Succeeded),
        (Pending, E::StepFailed(_)) => Some(Failed),
        (Pending, E::StepSkipped(_)) => Some(Skipped),
        (Pending, E::StepCancelled(_)) => Some(Cancelled),
        (Queued, E::AttemptStarted(_)) => Some(Running),
        (Queued, E::StepWaiting(_)) => Some(Waiting),
        (Queued, E::StepApprovalRequested(_)) => Some(NeedsApproval),
        (Queued, E::StepSucceeded(_)) => Some(Succeeded),
        (Queued, E::StepFailed(_)) => Some(Failed),
        (Queued, E::StepSkipped(_)) => Some(Skipped),
        (Queued, E::StepCancelled(_)) => Some(Cancelled),
        (Queued, E::StepRetrying(_)) => Some(Retrying),
        (Queued, E::StepNeedsAttention(_)) => Some(NeedsAttention),
        (Running, E::AttemptSucceeded(_)) => Some(Running),
        (Running, E::AttemptFailed(_)) => Some(Running),
        (Running, E::AttemptCancelled(_)) => Some(Running),
        (Running, E::AttemptLost(_)) => Some(Queued),
        (Running, E::TimerFired(_)) => Some(Running),
        (Running, E::StepCancelRequested(_)) => Some(Running),
        (Running, E::StepSucceeded(_)) => Some(Succeeded),
        (Running, E::StepFailed(_)) => Some(Failed),
        (Running, E::StepSkipped(_)) => Some(Skipped),
        (Running, E::StepCancelled(_)) => Some(Cancelled),
        (Running, E::StepRetrying(_)) => Some(Retrying),
        (Running, E::StepNeedsAttention(_)) => Some(NeedsAttention),
        (Retrying, E::StepQueued(_)) => Some(Queued),
        (Retrying, E::AttemptStarted(_)) => Some(Running),
        (Retrying, E::StepWaiting(_)) => Some(Waiting),
        (Retrying, E::StepApprovalRequested(_)) => Some(NeedsApproval),
        (Retrying, E::StepSucceeded(_)) => Some(Succeeded),
        (Retrying, E::StepSkipped(_)) => Some(Skipped),
        (Retrying, E::StepFailed(_)) => Some(Failed),
        (Retrying, E::StepCancelled(_)) => Some(Cancelled),
        (Retrying, E::StepNeedsAttention(_)) => Some(NeedsAttention),
        (Waiting, E::TimerFired(_)) => Some(Waiting),
        (Waiting, E::StepSucceeded(_)) => Some(Succeeded),
        (Waiting, E::StepSkipped(_)) => Some(Skipped),
        (Waiting, E::StepFailed(_)) => Some(Failed),
        (Waiting, E::StepRetrying(_)) => Some(Retrying),
        (Waiting, E::StepNeedsAttention(_)) => Some(NeedsAttention),
        (Waiting, E::StepCancelled(_)) => Some(Cancelled),
        (NeedsApproval, E::TimerFired(_)) => Some(NeedsApproval),
        (NeedsApproval, E::StepAnswered(_)) => Some(NeedsApproval),
        (NeedsApproval, E::StepSucceeded(_)) => Some(Succeeded),
        (NeedsApproval, E::StepSkipped(_)) => Some(Skipped),
        (NeedsApproval, E::StepFailed(_)) => Some(Failed),
        (NeedsApproval, E::StepRetrying(_)) => Some(Retrying),
        (NeedsApproval, E::StepNeedsAttention(_)) => Some(NeedsAttention),
        (NeedsApproval, E::StepCancelled(_)) => Some(Cancelled),
        (NeedsAttention, E::StepReset(_)) => Some(Pending),
        (NeedsAttention, E::StepSkipped(_)) => Some(Skipped),
        (NeedsAttention, E::StepSucceeded(_)) => Some(Succeeded),
        (NeedsAttention, E::StepFailed(_)) => Some(Failed),
        (NeedsAttention, E::StepCancelled(_)) => Some(Cancelled),
        (Succeeded, E::StepReset(_)) => Some(Pending),
        (Succeeded, E::CompensationStarted(_)) => Some(Compensating),
        (Compensating, E::CompensationStarted(_)) => Some(Compensating),
        (Compensating, E::CompensationSucceeded(_)) => Some(Compensated),
        (Compensating, E::CompensationFailed(data)) if data.due_at_ms.is_some() => Some(Compensating),
        (Compensating, E::CompensationFailed(_)) => Some(Succeeded),
        (Compensated, E::StepReset(_)) => Some(Pending),
        (Failed, E::StepReset(_)) => Some(Pending),
        (Failed, E::StepSkipped(_)) => Some(Skipped),
        (Failed, E::StepSucceeded(_)) => Some(Succeeded),
        (Skipped, E::StepReset(_)) => Some(Pending),
        (Cancelled, E::StepReset(_)) => Some(Pending),
        (Cancelled, E::StepSkipped(_)) => Some(Skipped),
        (Cancelled, E::StepSucceeded(_)) => Some(Succeeded),
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
    Paused,
    Cancelling,
    Compensating,
    Succeeded,
    Failed,
    Cancelled,
    Compensated,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Running,
        Self::Paused,
        Self::Cancelling,
        Self::Compensating,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Compensated,
    ];

    /// The state after an event of the run; none when the event cannot happen in this one.
    pub fn after(self, event: &EventKind) -> Option<Self> {
        run_transition(self, event)
    }

    /// Whether the run has ended (it may still be taken up).
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::Compensated)
    }

    /// The name in events, the database and expressions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelling => "cancelling",
            Self::Compensating => "compensating",
            Self::Compensated => "compensated",
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
    Waiting,
    NeedsApproval,
    NeedsAttention,
    Succeeded,
    Failed,
    Skipped,
    Cancelled,
    Compensating,
    Compensated,
}

impl StepStatus {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Pending,
        Self::Queued,
        Self::Running,
        Self::Retrying,
        Self::Waiting,
        Self::NeedsApproval,
        Self::NeedsAttention,
        Self::Succeeded,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
        Self::Compensating,
        Self::Compensated,
    ];

    /// Whether the step has ended; what is being undone had.
    pub fn is_final(self) -> bool {
        use StepStatus::{Cancelled, Compensated, Compensating, Failed, Skipped, Succeeded};
        matches!(self, Succeeded | Failed | Skipped | Cancelled | Compensating | Compensated)
    }

    /// The name in events and expressions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Waiting => "waiting",
            Self::NeedsApproval => "needs_approval",
            Self::NeedsAttention => "needs_attention",
            Self::Compensating => "compensating",
            Self::Compensated => "compensated",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::*;
    use crate::{ErrorClass, RunError, ValueRef};

    /// One event of every kind that can happen to something that exists.
    fn every_event() -> Vec<EventKind> {
        let error = RunError::new(ErrorClass::Permanent, "x");
        vec![
            RunStarted {}.into(),
            RunCancelRequested { reason: None, compensate: false }.into(),
            RunEndRequested { failed: None }.into(),
            RunPaused {}.into(),
            RunResumed {}.into(),
            RunAmended { definition: String::new(), version: None, path: None, steps: None, inputs: None, env: None }.into(),
            CheckpointCreated { checkpoint: String::new(), name: None, level: String::new(), sha256: String::new() }.into(),
            CheckpointRestored { checkpoint: String::new(), run: String::new() }.into(),
            RunCompensating {}.into(),
            RunCompensated { error: None }.into(),
            EventSent { name: String::new(), data: ValueRef::null() }.into(),
            RunTakenUp { reason: "retry".to_owned() }.into(),
            RunSucceeded { outputs: ValueRef::null() }.into(),
            RunFailed { error: error.clone() }.into(),
            RunCancelled { reason: None }.into(),
            TimerFired { timer: "run_timeout".to_owned() }.into(),
            StepQueued {}.into(),
            AttemptStarted {
                input: ValueRef::null(),
                idempotency_key: String::new(),
                count: None,
                resume: false,
                timeout_at_ms: None,
                child: None,
                fingerprint: None,
            }
            .into(),
            StepWaiting { waits: Vec::new() }.into(),
            StepApprovalRequested { message: String::new(), due_at_ms: None }.into(),
            StepAnswered { decision: String::new() }.into(),
            StepNeedsAttention { error: error.clone() }.into(),
            StepCancelRequested { reason: String::new() }.into(),
            CompensationStarted { input: ValueRef::null() }.into(),
            CompensationSucceeded { log: None }.into(),
            CompensationFailed { error: error.clone(), due_at_ms: None }.into(),
            AttemptSucceeded { log: None, usage: None }.into(),
            AttemptFailed { error: error.clone(), log: None, usage: None }.into(),
            AttemptCancelled { log: None, usage: None }.into(),
            AttemptLost {}.into(),
            StepRetrying { due_at_ms: 0, fallback: None }.into(),
            StepSucceeded::new("succeeded", ValueRef::null()).into(),
            StepFailed { error, compensate: false }.into(),
            StepSkipped { reason: String::new() }.into(),
            StepCancelled { reason: None }.into(),
            StepReset { set: None, resume: false, anew: false }.into(),
        ]
    }

    /// The whole machine as a table that a person can read: every state with every event.
    fn table<S: Copy + PartialEq>(states: &[(S, &'static str)], next: impl Fn(S, &EventKind) -> Option<S>) -> String {
        let mut lines = Vec::new();
        for (state, name) in states {
            for event in every_event() {
                if let Some(after) = next(*state, &event) {
                    let after = states.iter().find(|(other, _)| *other == after).map_or("?", |(_, name)| name);
                    lines.push(format!("{name} + {} = {after}", event.name()));
                }
            }
        }
        lines.join("\n")
    }

    #[test]
    fn the_list_of_events_of_this_test_is_whole() {
        let mut names: Vec<&str> = every_event().iter().map(EventKind::name).collect();
        names.push("run_created");
        names.sort_unstable();
        let mut known = EventKind::NAMES.to_vec();
        known.sort_unstable();
        assert_eq!(names, known);
    }

    #[test]
    fn every_run_state_meets_every_event_as_the_table_says() {
        let states = RunStatus::ALL.map(|status| (status, status.as_str()));
        insta::assert_snapshot!(table(&states, run_transition));
    }

    #[test]
    fn every_step_state_meets_every_event_as_the_table_says() {
        let states = StepStatus::ALL.map(|status| (status, status.as_str()));
        insta::assert_snapshot!(table(&states, step_transition));
    }

    #[test]
    fn every_attempt_state_meets_every_event_as_the_table_says() {
        use AttemptStatus::{Cancelled, Failed, Lost, Running, Succeeded};
        let states = [
            (None, "none"),
            (Some(Running), "running"),
            (Some(Succeeded), "succeeded"),
            (Some(Failed), "failed"),
            (Some(Cancelled), "cancelled"),
            (Some(Lost), "lost"),
        ];
        insta::assert_snapshot!(table(&states, |status, event| attempt_transition(status, event).map(Some)));
    }

    #[test]
    fn every_event_survives_the_journal() {
        for event in every_event() {
            let read = EventKind::decode(event.name(), EVENT_VERSION, &event.encode());
            assert_eq!(read.as_ref(), Ok(&event));
        }
    }

    #[test]
    fn an_unknown_kind_or_version_is_refused_with_its_name() {
        let unknown = EventKind::decode("step_teleported", EVENT_VERSION, b"{}");
        assert_eq!(unknown, Err(DecodeError::UnknownKind("step_teleported".to_owned(), EVENT_VERSION)));
        let newer = EventKind::decode("run_started", EVENT_VERSION + 1, b"{}");
        assert_eq!(newer, Err(DecodeError::UnknownKind("run_started".to_owned(), EVENT_VERSION + 1)));
        assert!(matches!(EventKind::decode("step_failed", EVENT_VERSION, b"{}"), Err(DecodeError::Data { .. })));
    }
}
