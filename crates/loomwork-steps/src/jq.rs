//! The action `jq`: a program over an input, both part of the step.
//!
//! Invariants: a program reads nothing but its input (no clock of its own, no environment, no files); it is read, and ends, in bounded
//! time, a bounded depth and with a bounded output, whatever it says. Each runs in a thread of its own, which is told to stop when the
//! attempt ends before it: programs are rewritten on loading so that every call and every gathered value looks whether to stop.

mod guard;
mod program;

use std::sync::Arc;
use std::time::Duration;

use loomwork_engine::{AttemptReport, AttemptSpec, ReportTo};
use loomwork_run::{AttemptOutcome, ErrorClass, RunError};
use loomwork_workflow::format_duration;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use self::guard::{STACK_BYTES, Stop};
pub use self::program::JqFault;
use crate::process::failed;
use crate::tasks::{Cancelled, Tasks};

/// Time that a program has when its step says nothing.
const USUAL_LIMIT: Duration = Duration::from_secs(30);

/// Performs programs. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    tasks: Tasks,
}

impl Programs {
    pub(crate) fn new(tasks: Tasks) -> Self {
        Self { tasks }
    }

    pub(crate) fn start(&self, spec: AttemptSpec, report: ReportTo) {
        self.tasks.start(spec.key.clone(), report, move |cancelled| async move {
            match perform(spec.input, spec.timeout_ms, cancelled).await {
                Ok(outcome) => AttemptReport { key: spec.key, outcome, log: None, usage: None },
                Err(error) => failed(spec.key, error),
            }
        });
    }
}

/// What is wrong with programs, before any of them runs; none where nothing is. Takes a thread of its own for it, because a
/// program may be nested deeply; where the system has no room for one, nothing is found.
#[must_use]
pub fn check_jq(programs: Vec<String>) -> Vec<Option<JqFault>> {
    let count = programs.len();
    let work = move || program::check(&programs);
    let thread = std::thread::Builder::new().name("jq check".into()).stack_size(STACK_BYTES).spawn(work);
    thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| vec![None; count])
}

async fn perform(input: Value, timeout_ms: Option<u64>, cancelled: Cancelled) -> Result<AttemptOutcome, RunError> {
    let (program, input) = parse(input)?;
    let (send, ended) = oneshot::channel();
    let stop = Arc::new(Stop::default());
    let work = {
        let stop = Arc::clone(&stop);
        move || {
            // Nobody listens any more when the attempt has ended before.
            let _ = send.send(program::run(&program, &input, stop));
        }
    };
    let thread = std::thread::Builder::new().name("jq".into()).stack_size(STACK_BYTES);
    thread
        .spawn(work)
        .map_err(|error| RunError::new(ErrorClass::Resource, format!("the system has no room for another thread: {error}")))?;
    let limit = timeout_ms.map_or(USUAL_LIMIT, Duration::from_millis);
    // A sender that is gone without a word is no wish to stop.
    let cancelled = async {
        if cancelled.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let outcome = tokio::select! {
        biased;
        () = cancelled => AttemptOutcome::Cancelled,
        ended = ended => match ended {
            Ok(result) => AttemptOutcome::Succeeded { output: result? },
            Err(_) => return Err(RunError::new(ErrorClass::Unknown, "a defect of Loomwork ended this jq program; the program's own log says where")),
        },
        () = tokio::time::sleep(limit) => AttemptOutcome::Failed(out_of_time(limit)),
    };
    stop.now();
    Ok(outcome)
}

fn out_of_time(limit: Duration) -> RunError {
    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let message = format!("the jq program took longer than its timeout of {} and was stopped", format_duration(limit_ms));
    RunError::new(ErrorClass::Timeout, message).with_details(json!({"timeout_ms": limit_ms}))
}

fn parse(input: Value) -> Result<(String, Value), RunError> {
    let Value::Object(mut fields) = input else { return Err(invalid("the input of a `jq` step must be an object")) };
    if let Some(unknown) = fields.keys().find(|key| !matches!(key.as_str(), "program" | "input")) {
        return Err(invalid(format!("a `jq` step has no input `{unknown}`; it has program, input")));
    }
    let Some(Value::String(program)) = fields.remove("program") else {
        return Err(invalid("the input `program` must be the text of a jq program"));
    };
    Ok((program, fields.remove("input").unwrap_or(Value::Null)))
}

fn invalid(message: impl Into<String>) -> RunError {
    RunError::new(ErrorClass::Validation, message)
}
