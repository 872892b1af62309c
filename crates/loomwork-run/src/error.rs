//! Errors of attempts, steps and runs: data of events, not Rust errors.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Class of an error; decides what is retried and what is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// May pass by itself.
    Transient,
    /// Out of time.
    Timeout,
    /// Out of memory, disk, or killed by a limit.
    Resource,
    /// Something needed is not there.
    Dependency,
    /// Input, output or an expression does not fit.
    Validation,
    /// Not permitted.
    Security,
    /// It will fail again.
    Permanent,
    /// Anything else.
    Unknown,
}

impl ErrorClass {
    /// The name in files and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Timeout => "timeout",
            Self::Resource => "resource",
            Self::Dependency => "dependency",
            Self::Validation => "validation",
            Self::Security => "security",
            Self::Permanent => "permanent",
            Self::Unknown => "unknown",
        }
    }

    /// Whether trying again may help without a change.
    pub fn recoverable(self) -> bool {
        matches!(self, Self::Transient | Self::Timeout | Self::Resource | Self::Dependency)
    }

    /// What to do about it.
    pub fn suggested_action(self) -> SuggestedAction {
        match self {
            Self::Transient | Self::Timeout => SuggestedAction::Retry,
            Self::Resource | Self::Dependency => SuggestedAction::RetryThenAsk,
            Self::Validation | Self::Security | Self::Permanent | Self::Unknown => SuggestedAction::Fail,
        }
    }
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
pub struct RunError {
    /// Its class.
    pub class: ErrorClass,
    /// What happened, for a person.
    pub message: String,
    /// Facts for programs, an object.
    #[serde(default)]
    pub details: Value,
    /// For the error of a run: the path of the deepest failing step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

impl RunError {
    /// An error without details.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), details: json!({}), step: None }
    }

    /// The same error with details.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// What expressions see as `steps.<id>.error`, and the wire shows: the error with what follows from its class.
    pub fn to_view(&self) -> Value {
        json!({
            "class": self.class, "message": self.message, "details": self.details,
            "recoverable": self.class.recoverable(), "suggested_action": self.class.suggested_action(),
        })
    }
}
