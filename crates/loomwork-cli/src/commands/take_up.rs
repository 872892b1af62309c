//! Changes of runs, and `trust`: they need an engine, which a background one carries when there is none.

use std::path::PathBuf;

use loomwork_api::{AmendRun, DecideStep, JudgeStep, Method, Retried, RetryRun, Run, SendEvent, TrustWorkspace};
use serde_json::Value;

use super::{Context, join_or_start, run::target};
use crate::{
    args::Decision,
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
    let set = set.map(|text| parsed("--set", &text)).transpose()?;
    let backend = context.open(join_or_start()?).await?;
    let retried = backend.request(RetryRun { run, step, set, plan }).await?;
    Ok(taken_up(context, &retried))
}

/// Takes a run up, or a new one from it, in a way that has a plan.
pub(super) async fn again<M: Method<Response = Retried>>(context: &Context, request: M) -> Result<Exit, Failure> {
    let backend = context.open(join_or_start()?).await?;
    let retried = backend.request(request).await?;
    Ok(taken_up(context, &retried))
}

/// Goes on with a corrected workflow.
pub(super) async fn amend(context: &Context, run: String, workflow: &str, plan: bool) -> Result<Exit, Failure> {
    let workflow = target(&context.workspace()?, workflow)?;
    again(context, AmendRun { run, workflow, plan }).await
}

fn taken_up(context: &Context, retried: &Retried) -> Exit {
    match (context.form, &retried.run) {
        (Form::Json, Some(run)) => output::json(run),
        (Form::Json, None) => output::json(&retried.plan),
        (Form::Text, Some(run)) => {
            output::line(&render::run::plan(&retried.plan));
            output::line(&render::run::headline(&run.summary));
        }
        (Form::Text, None) => output::line(&render::run::plan(&retried.plan)),
    }
    Exit::Done
}

fn parsed(name: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::usage(format!("{name} is not JSON: {error}")))
}

/// Changes a run and prints it.
pub(super) async fn change<M: Method<Response = Run>>(context: &Context, request: M) -> Result<Exit, Failure> {
    let backend = context.open(join_or_start()?).await?;
    let run = backend.request(request).await?;
    match context.form {
        Form::Json => output::json(&run),
        Form::Text => output::line(&render::run::headline(&run.summary)),
    }
    Ok(Exit::Done)
}

/// Marks a step as succeeded.
pub(super) async fn succeed(context: &Context, run: String, step: String, output: &str) -> Result<Exit, Failure> {
    let output = Some(parsed("--output", output)?);
    change(context, JudgeStep { run, step, output }).await
}

/// Decides an approval.
pub(super) async fn decide(context: &Context, decision: Decision, approved: bool) -> Result<Exit, Failure> {
    let Decision { run, step, comment, form } = decision;
    let form = form.map(|text| parsed("--form", &text)).transpose()?;
    change(context, DecideStep { run, step, approved, comment, form }).await
}

/// Sends an event.
pub(super) async fn send(context: &Context, name: String, data: Option<String>, run: Option<String>) -> Result<Exit, Failure> {
    let data = data.map(|text| parsed("--data", &text)).transpose()?.unwrap_or_default();
    let backend = context.open(join_or_start()?).await?;
    backend.request(SendEvent { name: name.clone(), data, run }).await?;
    match context.form {
        Form::Json => output::json(&serde_json::json!({ "sent": name })),
        Form::Text => output::line(&format!("The event {name} was sent.")),
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
