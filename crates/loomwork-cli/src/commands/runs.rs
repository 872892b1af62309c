//! `show` and `runs`: what the journal says, with or without an engine.

use loomwork_api::{GetRun, ListRuns, RunStatus};
use loomwork_app::Mode;
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
        Form::Text => output::line(&render::run::whole(&run)),
    }
    Ok(Exit::Done)
}

/// Lists runs.
pub(super) async fn list(
    context: &Context,
    status: Option<String>,
    workflow: Option<String>,
    limit: u32,
) -> Result<Exit, Failure> {
    let status = status.map(|text| parse_status(&text)).transpose()?;
    let backend = context.open(Mode::JoinOrRead).await?;
    let list = backend.request(ListRuns { status, workflow, before: None, limit: Some(limit) }).await?;
    match context.form {
        Form::Json => output::json(&list),
        Form::Text if list.runs.is_empty() => output::note("No runs."),
        Form::Text => list.runs.iter().for_each(|run| output::line(&render::run::headline(run))),
    }
    Ok(Exit::Done)
}

fn parse_status(text: &str) -> Result<RunStatus, Failure> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| {
        Failure::usage(format!(
            "there is no status {text:?}; a run is queued, running, waiting, paused, cancelling, succeeded, failed or cancelled"
        ))
    })
}
