//! Runs, steps, plans, events and log lines as text.

use std::fmt::Write as _;

use indexmap::IndexMap;
use loomwork_api::{
    Event, LogLine, LogStream, Queue, QueueEntry, ResourceUse, RetryPlan, Run, RunError, RunStatus, RunStep, RunSummary,
    StepStatus, WaitsFor,
};
use serde_json::Value;

/// One line about a run.
pub(crate) fn headline(run: &RunSummary) -> String {
    let mut text = format!("{} {} #{}  {}", mark(run.status), run.workflow, run.number, name(&run.status));
    if let Some(duration) = run.duration_ms {
        let _ = write!(text, "  {}", duration_text(duration));
    }
    if let Some(what) = run.waits_for {
        let _ = write!(text, "  waits for {}", waits_for(what));
    }
    let _ = write!(text, "  {}/{} steps  {}", run.progress.done, run.progress.known, run.id);
    text
}

fn waits_for(what: WaitsFor) -> &'static str {
    match what {
        WaitsFor::Person => "a person",
        WaitsFor::Slot => "a slot",
        WaitsFor::Event => "an event",
        WaitsFor::Time => "its time",
    }
}

/// A run with its steps.
pub(crate) fn whole(run: &Run) -> String {
    waiting(run, &[])
}

/// A run with its steps, and why those that are ready do not start yet.
pub(crate) fn waiting(run: &Run, queue: &[QueueEntry]) -> String {
    let reason = |step: Option<&str>| queue.iter().find(|entry| entry.step.as_deref() == step).map(|entry| &entry.message);
    let mut text = headline(&run.summary);
    if let Some(reason) = reason(None) {
        let _ = write!(text, "\n  {reason}");
    }
    let width = run.steps.iter().map(|step| step.path.chars().count()).max().unwrap_or(0);
    for step in &run.steps {
        let _ = write!(text, "\n  {} {:width$}  {}", step_mark(step.status), step.path, step_line(step));
        if let Some(reason) = reason(Some(&step.path)).filter(|_| step.status == StepStatus::Queued) {
            let _ = write!(text, "  {reason}");
        }
    }
    if let Some(error) = &run.summary.error {
        let _ = write!(text, "\n{}", error_lines(error));
        let _ = write!(text, "\nretry: loomwork retry {}", run.summary.id);
    }
    if let Value::Object(outputs) = &run.outputs {
        for (key, value) in outputs {
            let _ = write!(text, "\n{key} = {}", shortened(value));
        }
    }
    text
}

/// What waits to be started, and what is taken.
pub(crate) fn queue(queue: &Queue) -> String {
    let mut text = format!("{} of {} slots taken", queue.taken, queue.slots);
    for ResourceUse { kind, taken, of } in queue.resources.iter().filter(|resource| resource.taken > 0.0) {
        let gigabytes = |bytes: f64| format!("{:.1} GB", bytes / 1e9);
        let _ = match kind.as_str() {
            "memory" => write!(text, ", {} of {} memory", gigabytes(*taken), gigabytes(*of)),
            _ => write!(text, ", {taken} of {of} {kind}"),
        };
    }
    for entry in &queue.waiting {
        let name = format!("{} #{}", entry.run.workflow, entry.run.number);
        let step = entry.step.as_deref().unwrap_or("(the run)");
        let _ = write!(text, "\n{name:24} {step:24} priority {}", entry.priority);
        if let Some(rank) = entry.rank.filter(|rank| *rank > u32::from(entry.priority)) {
            let _ = write!(text, ", by now {rank}");
        }
        let _ = write!(text, "  {}", entry.message);
    }
    if queue.more > 0 {
        let _ = write!(text, "\nand {} more", queue.more);
    }
    text
}

fn step_line(step: &RunStep) -> String {
    let mut text = name(&step.status);
    if let Some(port) = step.port.as_deref().filter(|port| *port != "succeeded" && *port != "failed") {
        let _ = write!(text, " → {port}");
    }
    if let Some(duration) = step.duration_ms {
        let _ = write!(text, "  {}", duration_text(duration));
    }
    if step.attempts.len() > 1 {
        let _ = write!(text, "  {} attempts", step.attempts.len());
    }
    if let Some(from) = &step.cached {
        let _ = write!(text, "  (cached: {} of run {})", from.step, from.run);
    }
    if let Some(reason) = &step.reason {
        let _ = write!(text, "  ({reason})");
    }
    text
}

fn error_lines(error: &RunError) -> String {
    let at = error.step.as_ref().map(|step| format!("{step}: ")).unwrap_or_default();
    let mut text = format!("error: {at}{} ({})", error.message, name(&error.class));
    if let Some(tail) = error.details.get("stderr_tail").and_then(Value::as_str) {
        for line in tail.lines().rev().take(8).collect::<Vec<_>>().into_iter().rev() {
            let _ = write!(text, "\n  │ {line}");
        }
    }
    text
}

/// What a retry does.
pub(crate) fn plan(plan: &RetryPlan) -> String {
    let list = |steps: &[String]| if steps.is_empty() { "nothing".to_owned() } else { steps.join(", ") };
    format!("runs: {}\nkeeps: {}\nrepeats effects of: {}", list(&plan.runs), list(&plan.reused), list(&plan.repeats))
}

/// One line about an event.
pub(crate) fn event(event: &Event) -> String {
    let step = event.step.as_deref().unwrap_or("");
    let attempt = event.attempt.map(|attempt| format!(" (attempt {attempt})")).unwrap_or_default();
    format!("{:>6}  {}  {:22} {step}{attempt}", event.seq, event.at, event.kind)
}

/// One line of a log.
pub(crate) fn log_line(line: &LogLine) -> String {
    let bar = if line.stream == LogStream::Stderr { "┃" } else { "│" };
    format!("{} {bar} {}", line.step, line.text)
}

/// How many runs have not ended and are not paused, of the counts by status.
pub(crate) fn under_way(counts: &IndexMap<String, u32>) -> u32 {
    [RunStatus::Queued, RunStatus::Running, RunStatus::Waiting, RunStatus::Cancelling]
        .iter()
        .filter_map(|status| counts.get(&name(status)))
        .sum()
}

/// The wire name of a status or class, with blanks.
pub(crate) fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text.replace('_', " "),
        _ => String::new(),
    }
}

fn mark(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Succeeded => "✓",
        RunStatus::Failed => "✗",
        RunStatus::Cancelled | RunStatus::Cancelling => "⊘",
        RunStatus::Compensating | RunStatus::Compensated => "↶",
        RunStatus::Queued | RunStatus::Waiting | RunStatus::Paused => "○",
        RunStatus::Running => "●",
    }
}

/// One character that stands for a step's state.
pub(crate) fn step_mark(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Succeeded => "✓",
        StepStatus::Failed => "✗",
        StepStatus::Cancelled => "⊘",
        StepStatus::Skipped => "–",
        StepStatus::Running => "●",
        StepStatus::Retrying => "↻",
        StepStatus::Pending | StepStatus::Queued => "○",
        StepStatus::Waiting => "⧗",
        StepStatus::NeedsApproval | StepStatus::NeedsAttention => "?",
        StepStatus::Compensating | StepStatus::Compensated => "↶",
    }
}

/// A duration as a person reads it: `250 ms`, `5.3 s`, `2 min 05 s`, `1 h 02 min`.
pub(crate) fn duration_text(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {:02} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {:02} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

pub(crate) fn shortened(value: &Value) -> String {
    const LONGEST: usize = 200;
    let text = match value {
        Value::String(text) => text.trim_end().to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain("…".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well_at_every_size() {
        assert_eq!(duration_text(999), "999 ms");
        assert_eq!(duration_text(5_312), "5.3 s");
        assert_eq!(duration_text(125_000), "2 min 05 s");
        assert_eq!(duration_text(3_720_000), "1 h 02 min");
    }
}
