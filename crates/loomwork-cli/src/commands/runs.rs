//! `show` and `runs`: what the journal says, with or without an engine.

use loomwork_api::{GetQueue, GetRun, ListRuns, QueueEntry, Run, RunStatus, StepStatus, WaitsFor};
use loomwork_app::{Backend, Mode};
use serde_json::Value;

use super::Context;
use crate::{
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Shows a run.
pub(super) async fn show(context: &Context, run: String) -> Result<Exit, Failure> {
    let backend = context.open(Mode::JoinOrRead).await?;
    let run = backend.request(GetRun { run }).await?;
    match context.form {
        Form::Json => output::json(&run),
        Form::Text => output::line(&render::run::waiting(&run, &waits_for(&backend, &run).await?)),
    }
    Ok(Exit::Done)
}

/// Lists runs.
pub(super) async fn list(
    context: &Context,
    (status, waits_for): (Option<String>, Option<String>),
    workflow: Option<String>,
    limit: u32,
) -> Result<Exit, Failure> {
    let status = status.map(|text| parse_status(&text)).transpose()?;
    let waits_for = waits_for.map(|text| parse_waits_for(&text)).transpose()?;
    let backend = context.open(Mode::JoinOrRead).await?;
    let list = backend.request(ListRuns { status, waits_for, workflow, before: None, limit: Some(limit) }).await?;
    match context.form {
        Form::Json => output::json(&list),
        Form::Text if list.runs.is_empty() => output::note("No runs."),
        Form::Text => list.runs.iter().for_each(|run| output::line(&render::run::headline(run))),
    }
    Ok(Exit::Done)
}

/// Lists what waits to be started.
pub(super) async fn queue(context: &Context, run: Option<String>, limit: u32) -> Result<Exit, Failure> {
    let backend = context.open(Mode::JoinOrRead).await?;
    let queue = backend.request(GetQueue { run, limit: Some(limit) }).await?;
    match context.form {
        Form::Json => output::json(&queue),
        Form::Text if queue.slots == 0 => output::note("No engine runs in this workspace, so nothing stands in line."),
        Form::Text if queue.waiting.is_empty() => output::note("Nothing waits to be started."),
        Form::Text => output::line(&render::run::queue(&queue)),
    }
    Ok(Exit::Done)
}

/// Why steps of a run, or the run itself, do not start yet.
async fn waits_for(backend: &Backend, run: &Run) -> Result<Vec<QueueEntry>, Failure> {
    let queued = run.summary.status == RunStatus::Queued || run.steps.iter().any(|step| step.status == StepStatus::Queued);
    if !queued {
        return Ok(Vec::new());
    }
    let request = GetQueue { run: Some(run.summary.id.clone()), limit: None };
    Ok(backend.request(request).await?.waiting)
}

pub(super) fn parse_status(text: &str) -> Result<RunStatus, Failure> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| {
        Failure::usage(format!(
            "there is no status {text:?}; a run is queued, running, waiting, paused, cancelling, compensating, succeeded, failed, cancelled or compensated"
        ))
    })
}

fn parse_waits_for(text: &str) -> Result<WaitsFor, Failure> {
    let found = WaitsFor::ALL.into_iter().find(|what| what.as_str() == text);
    found.ok_or_else(|| Failure::usage(format!("no run waits for {text:?}; it waits for a person, slot, event or time")))
}
