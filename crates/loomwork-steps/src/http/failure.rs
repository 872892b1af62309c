//! A request without an answer: what went wrong, and its class.

use std::error::Error as StdError;
use std::io;

use loomwork_run::{ErrorClass, RunError};

/// The error of a request that got no whole answer.
pub(super) fn of(error: &reqwest::Error) -> RunError {
    let what = if error.is_redirect() {
        "the redirect was refused"
    } else if error.is_builder() {
        "the request cannot be made"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke before the whole answer was there"
    };
    RunError::new(class(error), format!("{what}: {}", chain(error)))
}

fn class(error: &reqwest::Error) -> ErrorClass {
    if error.is_builder() {
        return ErrorClass::Validation;
    }
    if error.is_redirect() {
        return ErrorClass::Permanent;
    }
    if error.is_timeout() {
        return ErrorClass::Timeout;
    }
    if causes(error).any(|cause| cause.is::<rustls::Error>() || io_error(cause).is_some_and(wraps_tls)) {
        return ErrorClass::Security;
    }
    let kinds: Vec<io::ErrorKind> = causes(error).filter_map(io_error).map(io::Error::kind).collect();
    let reset = [io::ErrorKind::ConnectionReset, io::ErrorKind::ConnectionAborted, io::ErrorKind::BrokenPipe];
    if kinds.contains(&io::ErrorKind::TimedOut) {
        ErrorClass::Timeout
    } else if error.is_connect() && !kinds.iter().any(|kind| reset.contains(kind)) {
        // Refused, no such host, no way to it.
        ErrorClass::Dependency
    } else {
        ErrorClass::Transient
    }
}

fn io_error<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    cause.downcast_ref::<io::Error>()
}

fn wraps_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause: &&'a (dyn StdError + 'static)| (*cause).source())
}

/// The causes of an error in one line, each once. The error itself says only where it was noticed, and quotes the address.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let part = cause.to_string();
        if !parts.iter().any(|said| said.contains(&part)) {
            parts.push(part);
        }
    }
    if parts.is_empty() { "the request was not understood".to_owned() } else { parts.join(": ") }
}
