//! Standard output and standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use serde::Serialize;

use crate::exit::Exit;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// One JSON document, or JSON lines for streams.
    Json,
}

/// Prints a line of a result.
pub(crate) fn line(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        gone(&error);
    }
}

/// Prints a JSON document on one line.
pub(crate) fn json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => line(&text),
        Err(error) => problem(&format!("the result cannot be written as JSON: {error}")),
    }
}

/// Says on standard error what is wrong.
pub(crate) fn problem(message: &str) {
    let word = if colours() { "\x1b[1;31merror\x1b[0m" } else { "error" };
    note(&format!("{word}: {message}"));
}

/// Says something on standard error.
pub(crate) fn note(message: &str) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// Whether standard error shows colours.
pub(crate) fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stderr().is_terminal()
}

/// Whether a person can be asked.
pub(crate) fn interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Help and version go to standard output and are done; wrong use goes to standard error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Without anybody to read it, the exit code says enough.
    let _ = error.print();
    if error.use_stderr() { Exit::Invalid.into() } else { Exit::Done.into() }
}

/// The reader of our output has left (`loomwork runs | head -1`): that is its right and no failure.
fn gone(error: &io::Error) -> ! {
    std::process::exit(if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { Exit::Unavailable as i32 })
}
