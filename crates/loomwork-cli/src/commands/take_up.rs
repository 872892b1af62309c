//! `retry`, `cancel` and `trust`: changes that need an engine, which a background one carries when there is none.

use std::path::PathBuf;

use loomwork_api::{CancelRun, RetryRun, TrustWorkspace};
use serde_json::Value;

use super::{Context, join_or_start};
use crate::{
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Takes a run up again.
pub(super) async fn retry(
    context: &Context,
    run: String,
    step: Option<String>,
    set: Option<String>,
    plan: bool,
) -> Result<Exit, Failure> {
    let set = set
        .map(|text| serde_json::from_str::<Value>(&text).map_err(|error| Failure::usage(format!("--set is not JSON: {error}"))))
        .transpose()?;
    let backend = context.open(join_or_start()?).await?;
    let retried = backend.request(RetryRun { run, step, set, plan }).await?;
    match (context.form, &retried.run) {
        (Form::Json, Some(run)) => output::json(run),
        (Form::Json, None) => output::json(&retried.plan),
        (Form::Text, Some(run)) => {
            output::line(&render::run::plan(&retried.plan));
            output::line(&render::run::headline(&run.summary));
        }
        (Form::Text, None) => output::line(&render::run::plan(&retried.plan)),
    }
    Ok(Exit::Done)
}

/// Cancels a run.
pub(super) async fn cancel(context: &Context, run: String, reason: Option<String>) -> Result<Exit, Failure> {
    let backend = context.open(join_or_start()?).await?;
    let run = backend.request(CancelRun { run, reason }).await?;
    match context.form {
        Form::Json => output::json(&run),
        Form::Text => output::line(&render::run::headline(&run.summary)),
    }
    Ok(Exit::Done)
}

/// Trusts the journal of a workspace.
pub(super) async fn trust(context: &Context, dir: Option<PathBuf>) -> Result<Exit, Failure> {
    let context = Context { workspace: dir.or_else(|| context.workspace.clone()), ..context.clone() };
    let backend = context.open(join_or_start()?).await?;
    let facts = backend.request(TrustWorkspace {}).await?;
    match context.form {
        Form::Json => output::json(&facts),
        Form::Text => output::line(&format!("The journal of {} is trusted; its runs go on.", facts.path)),
    }
    Ok(Exit::Done)
}
