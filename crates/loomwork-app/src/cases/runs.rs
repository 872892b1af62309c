//! Runs as they were and are: steps, events, logs, values, and the workflow that they run.

use std::sync::Arc;

use loomwork_api::{
    ApiResult, EventPage, GetEvents, GetLogs, GetRun, GetRunDesign, GetValue, LogPage, Run, ValueText, WorkflowDocument,
};
use loomwork_engine::Engine;
use loomwork_run::AttemptStatus;

use crate::{
    design,
    journal::{Journal, now_ms, of_store},
    problem, views,
    workspace::Catalog,
};

pub(super) async fn get(journal: &Journal, engine: Option<&Engine>, request: GetRun) -> ApiResult<Run> {
    let run = journal.run_id(&request.run).await?;
    journal.inspect(engine, &run, |active| views::run(active, now_ms())).await
}

pub(super) async fn design(
    catalog: &Arc<Catalog>,
    journal: &Journal,
    engine: Option<&Engine>,
    request: GetRunDesign,
) -> ApiResult<WorkflowDocument> {
    let run = journal.run_id(&request.run).await?;
    let (definition, path) =
        journal.inspect(engine, &run, |active| (active.state.program.definition.clone(), active.state.path.clone())).await?;
    let hash = definition.clone();
    let text = journal.ask(move |reader| reader.definition(&hash).map_err(of_store)).await?.flatten();
    let text = text.ok_or_else(|| problem::not_found(format!("The workflow of run {run} is not in the journal any more.")))?;
    // Positions are not part of what a run runs; the present ones fit as far as the steps are the same.
    let layout = catalog.workspace().layout(&path).unwrap_or_default();
    Ok(WorkflowDocument { path, revision: definition, design: design::of_text(text), layout })
}

pub(super) async fn events(journal: &Journal, request: GetEvents) -> ApiResult<EventPage> {
    let run = journal.run_id(&request.run).await?;
    // Beyond what the journal can count to, there are none.
    let from = request.from_seq.min(i64::MAX.unsigned_abs());
    let events =
        journal.ask(move |reader| Ok(reader.records(&run, from).map_err(of_store)?.iter().map(views::event).collect())).await?;
    Ok(EventPage { events: events.unwrap_or_default() })
}

pub(super) async fn logs(journal: &Journal, engine: Option<&Engine>, request: GetLogs) -> ApiResult<LogPage> {
    let run = journal.run_id(&request.run).await?;
    let wanted = request.step.clone();
    let attempts = journal
        .inspect(engine, &run, move |active| {
            let state = &active.state;
            if let Some(step) = wanted.as_ref().filter(|step| state.step(step).is_none()) {
                return Err(problem::not_found(format!("The run has no step {step:?}.")));
            }
            let paths = state.in_order().into_iter().map(|ix| (&*state.steps[ix].path, &state.steps[ix]));
            let paths = paths.filter(|(_, step)| step.inner.is_none());
            let chosen = paths.filter(|(path, _)| wanted.as_deref().is_none_or(|wanted| wanted == *path));
            let attempts = chosen.flat_map(|(path, step)| {
                let numbered = step.attempts.iter().zip(1_u32..);
                numbered.map(move |(attempt, number)| (path.to_owned(), number, attempt.status != AttemptStatus::Running))
            });
            Ok(attempts.collect::<Vec<_>>())
        })
        .await??;
    journal.lines(request, run, attempts).await
}

pub(super) async fn value(journal: &Journal, request: GetValue) -> ApiResult<ValueText> {
    journal.run_id(&request.run).await?;
    let hash = request.hash.clone();
    let json = journal.ask(move |reader| reader.value(&hash).map_err(of_store)).await?.flatten();
    let json = json.ok_or_else(|| problem::not_found(format!("There is no value {:?} in this workspace.", request.hash)))?;
    let json = String::from_utf8(json).map_err(|_| problem::internal("The value is not text; the journal is damaged."))?;
    Ok(ValueText { json })
}
