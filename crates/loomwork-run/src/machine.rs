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
    pub const ALL: [Self; 6] = [Self::Queued, Self::Running, Self::Cancelling, Self::Succeeded, Self::Failed, Self::Cancelled];

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
            RunCancelRequested { reason: None }.into(),
            RunTakenUp { reason: "retry".to_owned() }.into(),
            RunSucceeded { outputs: ValueRef::null() }.into(),
            RunFailed { error: error.clone() }.into(),
            RunCancelled { reason: None }.into(),
            TimerFired { timer: "run_timeout".to_owned() }.into(),
            StepQueued {}.into(),
            AttemptStarted { input: ValueRef::null(), idempotency_key: String::new() }.into(),
            AttemptSucceeded { log: None, usage: None }.into(),
            AttemptFailed { error: error.clone(), log: None, usage: None }.into(),
            AttemptCancelled { log: None, usage: None }.into(),
            AttemptLost {}.into(),
            StepRetrying { due_at_ms: 0 }.into(),
            StepSucceeded { port: "succeeded".to_owned(), output: ValueRef::null() }.into(),
            StepFailed { error }.into(),
            StepSkipped { reason: String::new() }.into(),
            StepCancelled { reason: None }.into(),
            StepReset { set: None }.into(),
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
