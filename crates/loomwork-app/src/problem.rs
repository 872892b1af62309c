//! Makes the errors that use cases answer: each names what was tried, on what, and what can be done.
//!
//! Not here: the type itself and its codes (`loomwork-api`).

use std::{io, path::Path};

use loomwork_api::{ApiError, ErrorCode};

/// The operating system refused something with a file. A missing file is `NotFound`, everything else `Io`.
pub(crate) fn file(action: &str, path: &Path, error: &io::Error) -> ApiError {
    let code = if error.kind() == io::ErrorKind::NotFound { ErrorCode::NotFound } else { ErrorCode::Io };
    ApiError::new(code, format!("Cannot {action} {}: {}.", path.display(), reason(error)))
}

/// The request itself is wrong.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message)
}

/// There is no such thing.
pub(crate) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::NotFound, message)
}

/// Not possible as things stand.
pub(crate) fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Refused, message)
}

/// The engine or the owner of the workspace cannot be reached or started.
pub(crate) fn unavailable(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Unavailable, message)
}

/// A defect of our own.
pub(crate) fn internal(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Internal, message)
}

/// What the system said, in words, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

/// The message of an error inside as a sentence for a person.
pub(crate) fn sentence(message: &str) -> String {
    let mut characters = message.trim_end_matches('.').chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest = characters.as_str();
    let end = if rest.ends_with(['?', '!']) { "" } else { "." };
    format!("{first}{rest}{end}")
}
