//! Progress of a run on a terminal: one line whenever a step has ended or is tried again.

use std::io::IsTerminal as _;

use loomwork_api::{Event, News, Run, StepStatus};
use serde_json::Value;

use super::run::{headline, step_mark};
use crate::output::{self, Form};

/// Tells of a run on standard error, when a person looks.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    pub(crate) fn new(form: Form) -> Self {
        Self { shown: form == Form::Text && std::io::stderr().is_terminal() }
    }

    pub(crate) fn started(&self, run: &Run) {
        if self.shown {
            output::note(&headline(&run.summary));
        }
    }

    pub(crate) fn tell(&self, news: &News) {
        if self.shown {
            news.events.iter().filter_map(line).for_each(|line| output::note(&line));
        }
    }
}

fn line(event: &Event) -> Option<String> {
    let step = event.step.as_deref()?;
    let message = || event.data.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
    let (status, rest) = match event.kind.as_str() {
        "attempt_started" => (StepStatus::Running, format!("attempt {}", event.attempt.unwrap_or(1))),
        "step_succeeded" => (StepStatus::Succeeded, String::new()),
        "step_failed" => (StepStatus::Failed, message().to_owned()),
        "step_retrying" => (StepStatus::Retrying, "is tried again".to_owned()),
        "step_skipped" => (StepStatus::Skipped, "skipped".to_owned()),
        "step_cancelled" => (StepStatus::Cancelled, "cancelled".to_owned()),
        _ => return None,
    };
    Some(format!("  {} {step}  {rest}", step_mark(status)).trim_end().to_owned())
}
