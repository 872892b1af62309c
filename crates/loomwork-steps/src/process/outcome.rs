//! What an ended process means: an output, or an error with its class.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU64, Ordering};

use loomwork_run::{AttemptOutcome, ErrorClass, RunError, Usage};
use loomwork_workflow::format_duration;
use rustix::process::Signal;
use serde_json::{Value, json};
use wait4::ResUse;

use super::attend::{Cause, Ended};
use super::input::{OutputAs, invalid};
use super::launch::{AttemptFiles, class_of};
use crate::capture::{Head, MAX_STDOUT_BYTES};
use crate::redact::Redactor;

/// Exit code of a program that asks to be tried again (`EX_TEMPFAIL` of sysexits.h).
const EXIT_TRY_AGAIN: i32 = 75;
/// Exit code of a shell that did not find a command.
const EXIT_NOT_FOUND: i32 = 127;
/// Exit code of a shell whose command was killed by SIGKILL.
const EXIT_KILLED: i32 = 128 + 9;
/// Longest piece of standard error within a message.
const MAX_QUOTE_CHARS: usize = 300;

/// The outcome of an ended process.
pub(super) fn outcome(
    ended: Ended,
    output: Option<OutputAs>,
    files: &AttemptFiles,
    timeout_ms: Option<u64>,
    redactor: Option<&Redactor>,
) -> AttemptOutcome {
    let stderr = ended.stderr.into_text();
    let status = ended.exit.map(|exit| exit.status);
    match (ended.cause, status) {
        (Some(Cause::Cancelled), _) => AttemptOutcome::Cancelled,
        (Some(Cause::TimedOut), _) => {
            let limit = timeout_ms.map(format_duration).unwrap_or_default();
            let error = RunError::new(ErrorClass::Timeout, format!("took longer than its timeout of {limit} and was ended"));
            AttemptOutcome::Failed(error.with_details(json!({"timeout_ms": timeout_ms, "stderr_tail": stderr})))
        }
        (Some(Cause::LogFailed(error)), _) => {
            let class = error.io_error().map_or(ErrorClass::Unknown, class_of);
            let message = format!("ended, because its output could not be kept: {error}");
            AttemptOutcome::Failed(RunError::new(class, message).with_details(json!({"stderr_tail": stderr})))
        }
        (None | Some(Cause::LeftBehind), Some(status)) if status.success() => {
            match success(ended.stdout, stderr, output, (files, redactor)) {
                Ok(output) => AttemptOutcome::Succeeded { output },
                Err(error) => AttemptOutcome::Failed(error),
            }
        }
        (None | Some(Cause::LeftBehind), Some(status)) => AttemptOutcome::Failed(failure(status, stderr, &files.script)),
        (None | Some(Cause::LeftBehind), None) => {
            AttemptOutcome::Failed(RunError::new(ErrorClass::Unknown, "the system did not say how the process ended"))
        }
    }
}

fn success(
    stdout: Head,
    stderr: String,
    output: Option<OutputAs>,
    written: (&AttemptFiles, Option<&Redactor>),
) -> Result<Value, RunError> {
    let Some(form) = output else {
        if let Some(value) = written_output(written.0, written.1)? {
            return Ok(value);
        }
        let truncated = stdout.truncated();
        let mut value = json!({"exit_code": 0, "stdout": stdout.into_text(), "stderr_tail": stderr});
        if truncated {
            value["stdout_truncated"] = Value::Bool(true);
        }
        return Ok(value);
    };
    if stdout.truncated() {
        return Err(invalid(format!(
            "the output is larger than {} MiB, the most that standard output may give; write it to a file and hand on its path",
            MAX_STDOUT_BYTES >> 20
        )));
    }
    let text = stdout.into_text();
    match form {
        OutputAs::Text => Ok(Value::String(text)),
        OutputAs::Lines => Ok(text.lines().map(|line| Value::String(line.to_owned())).collect()),
        OutputAs::Json => serde_json::from_str(&text).map_err(|error| not_json("standard output", &text, &error)),
    }
}

/// The value in the file that `$LOOMWORK_OUTPUT` names; none when the script wrote nothing to it.
fn written_output(files: &AttemptFiles, redactor: Option<&Redactor>) -> Result<Option<Value>, RunError> {
    let unreadable =
        |error: std::io::Error| invalid(format!("what the script wrote to $LOOMWORK_OUTPUT cannot be read: {error}"));
    let Some((mut file, length)) = files.open_output().map_err(unreadable)? else { return Ok(None) };
    if length > MAX_STDOUT_BYTES as u64 {
        return Err(invalid(format!(
            "the script wrote {length} bytes to $LOOMWORK_OUTPUT; at most {} MiB may be handed on",
            MAX_STDOUT_BYTES >> 20
        )));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|error| {
        let text = String::from_utf8_lossy(&bytes);
        // Before the text is cut, which could leave a piece of a secret.
        let text = redactor.map_or_else(|| text.clone().into_owned(), |redactor| redactor.text(&text));
        not_json("$LOOMWORK_OUTPUT", &text, &error)
    })
}

fn not_json(what: &str, text: &str, error: &serde_json::Error) -> RunError {
    let start: String = text.chars().take(200).collect();
    invalid(format!("what the script wrote to {what} is not JSON: {error}"))
        .with_details(json!({"line": error.line(), "column": error.column(), "beginning": start}))
}

fn failure(status: ExitStatus, stderr: String, script: &Path) -> RunError {
    let (class, what) = match (status.code(), status.signal()) {
        (Some(code), _) => (class_of_code(code), format!("exited with code {code}")),
        (None, signal) => {
            let signal = signal.unwrap_or(0);
            (class_of_signal(signal), format!("killed by {}", signal_name(signal)))
        }
    };
    let last = stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
    let message = match last {
        Some(line) => format!("{what}: {}", quote(line, script)),
        None if status.code() == Some(EXIT_KILLED) => {
            format!("{what}: a command of the script was killed, perhaps for lack of memory")
        }
        None => what,
    };
    let details = json!({"exit_code": status.code(), "signal": status.signal(), "stderr_tail": stderr});
    RunError::new(class, message).with_details(details)
}

fn class_of_code(code: i32) -> ErrorClass {
    match code {
        EXIT_TRY_AGAIN => ErrorClass::Transient,
        EXIT_NOT_FOUND => ErrorClass::Dependency,
        EXIT_KILLED => ErrorClass::Resource,
        _ => ErrorClass::Permanent,
    }
}

/// SIGKILL comes from the system's memory killer or a limit: what the engine kills itself never gets here.
fn class_of_signal(signal: i32) -> ErrorClass {
    let limits = [Signal::KILL, Signal::XCPU, Signal::XFSZ];
    if limits.iter().any(|limit| limit.as_raw() == signal) { ErrorClass::Resource } else { ErrorClass::Permanent }
}

fn signal_name(signal: i32) -> String {
    let names = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
    ];
    let name = names.iter().find(|(known, _)| known.as_raw() == signal).map(|(_, name)| *name);
    name.map_or_else(|| format!("signal {signal}"), str::to_owned)
}

/// A line of standard error for a message; the path of the script is of no use to a person.
fn quote(line: &str, script: &Path) -> String {
    let line = line.replace(&*script.to_string_lossy(), "script");
    match line.char_indices().nth(MAX_QUOTE_CHARS) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

/// What the process used, itself and the children it waited for.
pub(super) fn usage(exit: &ResUse) -> Usage {
    let cpu = exit.rusage.utime + exit.rusage.stime;
    // A process starts with the peak of the one that started it, so only more than that says something about itself.
    let max_rss_bytes = is_above_own_peak(exit.rusage.maxrss).then_some(exit.rusage.maxrss);
    Usage { cpu_ms: u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX), max_rss_bytes }
}

/// Whether it is more than this process ever had resident, which is asked only when it is more than was known.
fn is_above_own_peak(bytes: u64) -> bool {
    static KNOWN: AtomicU64 = AtomicU64::new(0);
    if bytes <= KNOWN.load(Ordering::Relaxed) {
        return false;
    }
    let peak = own_peak_bytes();
    KNOWN.fetch_max(peak, Ordering::Relaxed);
    bytes > peak
}

/// Largest memory that this process ever had resident, in bytes.
fn own_peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.map_or(u64::MAX, |kib| kib * 1024)
}
