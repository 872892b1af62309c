//! Exit codes, and the failures that lead to them.

use std::process::ExitCode;

use loomwork_api::{ApiError, ErrorCode};
use loomwork_server::ServeError;

use crate::{output, render};

/// How the command ends. The numbers are a public contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    /// The run failed or was cancelled.
    RunFailed = 1,
    /// Wrong use, or an invalid workflow.
    Invalid = 2,
    NotFound = 3,
    /// Not possible in this state.
    Refused = 4,
    /// The engine could not be reached or started.
    Unavailable = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    Api(Box<ApiError>),
    /// An API error about a workflow whose text is known, for the rendering of its problems.
    Workflow {
        path: String,
        text: String,
        error: Box<ApiError>,
    },
    Usage(String),
    Serve(ServeError),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::Serve(error)
    }
}

impl Failure {
    /// Wrong use of the command.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Says what is wrong, for people, and how to exit.
    pub(crate) fn report(self) -> Exit {
        match self {
            Self::Api(error) => {
                output::problem(&error.message);
                render::diagnostics::brief(&error.diagnostics);
                of(error.code)
            }
            Self::Workflow { path, text, error } => {
                output::problem(&error.message);
                render::diagnostics::full(&path, &text, &error.diagnostics);
                of(error.code)
            }
            Self::Usage(message) => {
                output::problem(&message);
                Exit::Invalid
            }
            Self::Serve(error) => {
                output::problem(&error.to_string());
                match error {
                    ServeError::NotLoopback(_) => Exit::Invalid,
                    ServeError::InUse(_) | ServeError::Io(..) => Exit::Unavailable,
                }
            }
        }
    }
}

fn of(code: ErrorCode) -> Exit {
    match code {
        ErrorCode::InvalidRequest | ErrorCode::InvalidWorkflow => Exit::Invalid,
        ErrorCode::NotFound => Exit::NotFound,
        ErrorCode::Refused | ErrorCode::Conflict | ErrorCode::Untrusted => Exit::Refused,
        ErrorCode::Unavailable | ErrorCode::Io | ErrorCode::Internal => Exit::Unavailable,
    }
}
