//! Errors as they travel: a code that the caller acts on, a message for a person, details for both.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Diagnostic;

/// What the caller can do about an error. The command line maps it to its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum ErrorCode {
    /// The request is malformed: wrong parameters, inputs that do not fit.
    InvalidRequest,
    /// The workflow has errors; they stand in `diagnostics`.
    InvalidWorkflow,
    /// No such run, step, workflow or file.
    NotFound,
    /// Not possible in the present state of the run or workspace.
    Refused,
    /// The file changed since it was read; nothing was written.
    Conflict,
    /// The workspace came with a foreign journal and is not trusted yet.
    Untrusted,
    /// The engine or the owner of the workspace cannot be reached or started.
    Unavailable,
    /// The operating system refused a file operation (permission, disk full, path vanished).
    Io,
    /// A defect of Loomwork itself.
    Internal,
}

/// An error of any request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ApiError {
    /// What the caller can do about it.
    pub code: ErrorCode,
    /// One or two sentences for a person: what is wrong, where, and how to mend it.
    pub message: String,
    /// Problems of the workflow, for [`ErrorCode::InvalidWorkflow`]; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<Diagnostic>>", optional))]
    pub diagnostics: Vec<Diagnostic>,
    /// Further facts, for example `{"current_revision": …}` of a conflict.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    #[cfg_attr(feature = "ts", ts(type = "unknown", optional))]
    pub details: Value,
}

impl ApiError {
    /// An error of a code with a message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), diagnostics: Vec::new(), details: Value::Null }
    }

    /// The same error with details.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// The result of any request.
pub type ApiResult<T> = Result<T, ApiError>;
