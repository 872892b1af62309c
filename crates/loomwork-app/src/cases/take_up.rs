//! Changing runs: starting, stopping, repairing, deciding.

use std::sync::Arc;

use loomwork_api::{
    AmendRun, ApiError, ApiResult, CancelRun, DecideStep, ErrorCode, ForkRun, JudgeStep, Nothing, RerunRun, Retried, RetryRun,
    Run, SendEvent, StartRun, StartRuns, StartedRuns,
};
use loomwork_engine::{Fork, Wish};
use loomwork_run::{Amendment, Program, RetryPlan, RetryScope, Verdict, plan_rerun, plan_retry};
use loomwork_workflow::Workflow;
use serde_json::{Map, Value};

mod called;

use super::{Caller, workflows};
use crate::{
    journal::{blocking, now_ms, of_engine},
    problem, views,
    workspace::{Catalog, Entry},
};

pub(super) async fn start(caller: &Caller, request: StartRun) -> ApiResult<Run> {
    let catalog = Arc::clone(caller.owner.catalog());
    let StartRun { workflow: name, inputs, labels, priority } = request;
    let (text, path, workflow, inputs) = blocking(move || from_file(&catalog, &name, &inputs)).await?;
    let (text, actor) = (Arc::from(text.as_str()), caller.actor.clone());
    let start = loomwork_engine::StartRun { workflow, text, path, inputs, labels, priority, actor };
    let run = caller.owner.engine().start_run(start).await.map_err(of_engine)?;
    show(caller, &run).await
}

/// Most runs that one request starts.
const MAX_RUNS: usize = 10_000;

pub(super) async fn start_all(caller: &Caller, request: StartRuns) -> ApiResult<StartedRuns> {
    let catalog = Arc::clone(caller.owner.catalog());
    let StartRuns { workflow: name, inputs, labels, priority } = request;
    if inputs.len() > MAX_RUNS {
        return Err(problem::invalid(format!(
            "{} runs at once are too many; start at most {MAX_RUNS} in one request.",
            inputs.len()
        )));
    }
    let prepare = move || {
        let (entry, workflow) = runnable(&catalog, &name)?;
        let fits = |(at, given): (usize, &Map<String, Value>)| {
            fitting(&workflow, given).map_err(|error| ApiError { message: format!("Run {}: {}", at + 1, error.message), ..error })
        };
        let inputs = inputs.iter().enumerate().map(fits).collect::<ApiResult<Vec<_>>>()?;
        Ok((entry, workflow, inputs))
    };
    let (entry, workflow, inputs) = blocking(prepare).await?;
    let (text, path, actor) = (Arc::from(entry.file.text.as_str()), entry.path, caller.actor.clone());
    let start = loomwork_engine::StartRun { workflow, text, path, inputs: Map::new(), labels, priority, actor };
    let runs = caller.owner.engine().start_runs(start, inputs).await.map_err(of_engine)?;
    Ok(StartedRuns { runs })
}

/// The text, path and workflow of a file, and the inputs for a run of it.
pub(super) fn from_file(
    catalog: &Catalog,
    name: &str,
    inputs: &Map<String, Value>,
) -> ApiResult<(String, String, Workflow, Map<String, Value>)> {
    let (entry, workflow) = runnable(catalog, name)?;
    let inputs = fitting(&workflow, inputs)?;
    Ok((entry.file.text.clone(), entry.path, workflow, inputs))
}

/// The inputs for a run of a workflow, with defaults filled in.
pub(super) fn fitting(workflow: &Workflow, inputs: &Map<String, Value>) -> ApiResult<Map<String, Value>> {
    loomwork_workflow::resolve_inputs(workflow, inputs).map_err(|problems| {
        let said: Vec<String> = problems.iter().map(|problem| problem::sentence(&problem.to_string())).collect();
        problem::invalid(said.join(" "))
    })
}

/// A workflow of the workspace that can be run.
fn runnable(catalog: &Catalog, name: &str) -> ApiResult<(Entry, Workflow)> {
    let entry = catalog.find(name)?;
    let workflow = entry.analysis.workflow.clone().filter(|_| !entry.is_barred());
    let workflow = workflow.ok_or_else(|| workflows::invalid(&entry))?;
    match crate::library::unsupported(&workflow) {
        Some(message) => Err(problem::invalid(message)),
        None => Ok((entry, workflow)),
    }
}

pub(super) async fn retry(caller: &Caller, request: RetryRun) -> ApiResult<Retried> {
    let RetryRun { run, step, set, plan: only_plan } = request;
    let run = caller.owner.journal().run_id(&run).await?;
    if set.is_some() && step.is_none() {
        return Err(problem::invalid("An edited input needs the step that it is for."));
    }
    if set.as_ref().is_some_and(|set| !matches!(set, Value::Object(_))) {
        return Err(problem::invalid("An edited input is a JSON object with the fields to change."));
    }
    let scope = step.map_or(RetryScope::All, RetryScope::Step);
    let engine = caller.owner.engine();
    let called = if set.is_none() { called::plans(&engine, &run, &scope).await } else { Vec::new() };
    if only_plan {
        let planned = engine
            .inspect(&run, move |active| plan_retry(&active.state, &scope).map(|plan| views::retry_plan(&active.state, &plan)));
        let plan = planned.await.map_err(of_engine)?.map_err(|refused| of_engine(refused.into()))?;
        return Ok(Retried { plan: called::with(plan, called), run: None });
    }
    trusted(caller)?;
    let plan = engine.ask_run(&run, &caller.actor, Wish::Retry { scope, set }).await.map_err(of_engine)?;
    let retried = retried(caller, &run, plan).await?;
    Ok(Retried { plan: called::with(retried.plan, called), ..retried })
}

/// A run after it was taken up, with the plan that it follows.
async fn retried(caller: &Caller, run: &str, plan: Option<RetryPlan>) -> ApiResult<Retried> {
    let plan = plan.ok_or_else(|| problem::internal("The run was taken up without a plan."))?;
    let look = caller.owner.engine();
    let (plan, run) = look
        .inspect(run, move |active| (views::retry_plan(&active.state, &plan), views::run(active, now_ms())))
        .await
        .map_err(of_engine)?;
    Ok(Retried { plan, run: Some(run) })
}

pub(super) async fn rerun(caller: &Caller, request: RerunRun) -> ApiResult<Retried> {
    let RerunRun { run, from, plan: only_plan } = request;
    let run = caller.owner.journal().run_id(&run).await?;
    let engine = caller.owner.engine();
    if only_plan {
        let planned = engine
            .inspect(&run, move |active| plan_rerun(&active.state, &from).map(|plan| views::retry_plan(&active.state, &plan)));
        let plan = planned.await.map_err(of_engine)?.map_err(|refused| of_engine(refused.into()))?;
        return Ok(Retried { plan, run: None });
    }
    trusted(caller)?;
    let plan = engine.ask_run(&run, &caller.actor, Wish::Rerun { from }).await.map_err(of_engine)?;
    retried(caller, &run, plan).await
}

pub(super) async fn amend(caller: &Caller, request: AmendRun) -> ApiResult<Retried> {
    let AmendRun { run, workflow: name, plan: only_plan } = request;
    let run = caller.owner.journal().run_id(&run).await?;
    let catalog = Arc::clone(caller.owner.catalog());
    let (entry, workflow) = blocking(move || runnable(&catalog, &name)).await?;
    let program = Arc::new(Program::new(workflow, loomwork_workflow::definition_hash(&entry.file.text)));
    let amendment = Amendment { program, path: entry.path };
    let engine = caller.owner.engine();
    if only_plan {
        let planned = engine.inspect(&run, move |active| {
            let amended = loomwork_run::amend(&active.state, &mut active.values.clone(), "", &amendment, now_ms());
            amended.map(|amended| views::retry_plan(&amended.after, &amended.plan))
        });
        let plan = planned.await.map_err(of_engine)?.map_err(|refused| of_engine(refused.into()))?;
        return Ok(Retried { plan, run: None });
    }
    trusted(caller)?;
    let text = Arc::from(entry.file.text.as_str());
    let plan = engine.ask_run(&run, &caller.actor, Wish::Amend { amendment, text }).await.map_err(of_engine)?;
    retried(caller, &run, plan).await
}

pub(super) async fn fork(caller: &Caller, request: ForkRun) -> ApiResult<Retried> {
    let ForkRun { run, at, plan: only_plan } = request;
    let run = caller.owner.journal().run_id(&run).await?;
    let engine = caller.owner.engine();
    let fork = engine.prepare_fork(&run, at, &caller.actor).await.map_err(of_engine)?;
    begin(caller, fork, only_plan).await
}

/// Says what a new run will do that begins with the events of another one, and starts it unless that was all.
pub(super) async fn begin(caller: &Caller, fork: Fork, only_plan: bool) -> ApiResult<Retried> {
    let plan = views::retry_plan(&fork.active.state, &fork.plan);
    if only_plan {
        return Ok(Retried { plan, run: None });
    }
    trusted(caller)?;
    let forked = caller.owner.engine().fork_run(fork).await.map_err(of_engine)?;
    Ok(Retried { plan, run: Some(show(caller, &forked).await?) })
}

pub(super) async fn cancel(caller: &Caller, request: CancelRun) -> ApiResult<Run> {
    let CancelRun { run, reason, compensate } = request;
    wish(caller, &run, Wish::Cancel { reason, compensate }).await
}

/// Asks something of a run that has no plan.
pub(super) async fn wish(caller: &Caller, run: &str, wish: Wish) -> ApiResult<Run> {
    let run = caller.owner.journal().run_id(run).await?;
    trusted(caller)?;
    caller.owner.engine().ask_run(&run, &caller.actor, wish).await.map_err(of_engine)?;
    show(caller, &run).await
}

pub(super) async fn judge(caller: &Caller, request: JudgeStep) -> ApiResult<Run> {
    let JudgeStep { run, step, output } = request;
    let verdict = output.map_or(Verdict::Skip, Verdict::Succeed);
    wish(caller, &run, Wish::Judge { step, verdict }).await
}

pub(super) async fn decide(caller: &Caller, request: DecideStep) -> ApiResult<Run> {
    let DecideStep { run, step, approved, comment, form } = request;
    wish(caller, &run, Wish::Decide { step, approved, comment, form }).await
}

pub(super) async fn send(caller: &Caller, request: SendEvent) -> ApiResult<Nothing> {
    let SendEvent { name, data, run } = request;
    trusted(caller)?;
    let run = match run {
        Some(run) => Some(caller.owner.journal().run_id(&run).await?),
        None => None,
    };
    caller.owner.engine().send(run.as_deref(), &caller.actor, name, data).await.map_err(of_engine)?;
    Ok(Nothing {})
}

pub(super) async fn show(caller: &Caller, run: &str) -> ApiResult<Run> {
    caller.owner.engine().inspect(run, |active| views::run(active, now_ms())).await.map_err(of_engine)
}

/// Runs that came with a foreign journal are touched only after this user has said so.
pub(super) fn trusted(caller: &Caller) -> ApiResult<()> {
    if caller.owner.is_trusted() {
        return Ok(());
    }
    let message = "The journal of this workspace came from elsewhere. Look at its workflows, then trust it (`loomwork trust`).";
    Err(ApiError::new(ErrorCode::Untrusted, message))
}
