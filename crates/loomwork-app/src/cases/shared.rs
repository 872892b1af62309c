//! What the runs of a workspace share: circuit breakers and dead letters.

use std::sync::Arc;

use loomwork_api::{
    ApiResult, Breaker, BreakerList, DeadLetter, DeadLetterList, DiscardDeadLetter, GetDeadLetter, Nothing, ResendRun,
    ResetBreaker, Run, WholeDeadLetter,
};
use loomwork_engine::Engine;
use loomwork_run::{BreakerState, LetterRecord, LetterState};
use serde_json::{Map, Value};

use super::{Caller, take_up};
use crate::{
    journal::{Journal, blocking, now_ms, of_engine, of_store},
    problem, views,
    workspace::Catalog,
};

pub(super) async fn breakers(journal: &Journal) -> ApiResult<BreakerList> {
    let records = journal.ask(|reader| reader.breakers().map_err(of_store)).await?.unwrap_or_default();
    let mut breakers: Vec<Breaker> = records.iter().map(|record| views::breaker(record, now_ms())).collect();
    // By key already; those that keep attempts from starting come first.
    let closed = |record: &Breaker| record.status == loomwork_api::BreakerStatus::Closed;
    breakers.sort_by_key(closed);
    Ok(BreakerList { breakers })
}

pub(super) async fn reset(caller: &Caller, request: ResetBreaker) -> ApiResult<Breaker> {
    take_up::trusted(caller)?;
    let key = request.key;
    caller.owner.engine().reset_breaker(&key, &caller.actor).await.map_err(of_engine)?;
    let asked = key.clone();
    let found = caller.owner.journal().ask(move |reader| reader.breakers().map_err(of_store)).await?.unwrap_or_default();
    let record = found.into_iter().find(|record| record.key == asked && matches!(record.state, BreakerState::Closed { .. }));
    record
        .map(|record| views::breaker(&record, now_ms()))
        .ok_or_else(|| problem::refused(format!("The circuit breaker `{key}` has opened again.")))
}

pub(super) async fn letters(journal: &Journal) -> ApiResult<DeadLetterList> {
    let now = now_ms();
    let found = journal.ask(|reader| reader.dead_letters().map_err(of_store)).await?.unwrap_or_default();
    let mut letters: Vec<(i64, DeadLetter)> = found
        .into_iter()
        .filter_map(|(letter, row)| {
            let parked_at_ms = parked_at(&letter, now)?;
            let (failed_at, parked_at) = (views::time(letter.failed_at_ms), views::time(parked_at_ms));
            Some((parked_at_ms, DeadLetter { failed_at, parked_at, run: views::row(&row, now) }))
        })
        .collect();
    letters.sort_by(|(one, a), (other, b)| (other, &b.run.id).cmp(&(one, &a.run.id)));
    Ok(DeadLetterList { dead_letters: letters.into_iter().map(|(_, letter)| letter).collect() })
}

/// Since when it is a dead letter: it becomes one when its time is over, whether or not an engine has noted that.
fn parked_at(letter: &LetterRecord, now_ms: i64) -> Option<i64> {
    match letter.state {
        LetterState::Parked { parked_at_ms } => Some(parked_at_ms),
        LetterState::Due { due_at_ms } => Some(due_at_ms).filter(|due| *due <= now_ms),
    }
}

pub(super) async fn letter(
    catalog: &Arc<Catalog>,
    journal: &Journal,
    engine: Option<&Engine>,
    request: GetDeadLetter,
) -> ApiResult<WholeDeadLetter> {
    let run = journal.run_id(&request.run).await?;
    let (failed_at_ms, parked_at_ms) = parked(journal, &run).await?;
    let look = |active: &loomwork_engine::Active| (views::run(active, now_ms()), active.state.program.definition.clone());
    let (run, definition) = journal.inspect(engine, &run, look).await?;
    let catalog = Arc::clone(catalog);
    let (workflow, hash) = (run.summary.workflow.clone(), definition.clone());
    let unchanged = blocking(move || {
        let entry = catalog.find(&workflow).ok();
        Ok(entry.map(|entry| loomwork_workflow::definition_hash(&entry.file.text) == hash))
    });
    let (failed_at, parked_at) = (views::time(failed_at_ms), views::time(parked_at_ms));
    Ok(WholeDeadLetter { failed_at, parked_at, definition, unchanged: unchanged.await?, run })
}

/// When a run failed and was parked.
async fn parked(journal: &Journal, run: &str) -> ApiResult<(i64, i64)> {
    let letters = journal.ask(|reader| reader.letters().map_err(of_store)).await?.unwrap_or_default();
    let letter = letters.into_iter().find(|letter| letter.run == run);
    if let Some(letter) = &letter
        && let Some(parked_at_ms) = parked_at(letter, now_ms())
    {
        return Ok((letter.failed_at_ms, parked_at_ms));
    }
    match letter.map(|letter| letter.state) {
        Some(LetterState::Due { due_at_ms }) => {
            let until = views::time(due_at_ms);
            Err(problem::refused(format!(
                "The run {run} has failed and becomes a dead letter at {until}, unless it is taken up (`loomwork retry`)."
            )))
        }
        _ => Err(problem::refused(format!("The run {run} is no dead letter."))),
    }
}

pub(super) async fn resend(caller: &Caller, request: ResendRun) -> ApiResult<Run> {
    take_up::trusted(caller)?;
    let (journal, engine) = (caller.owner.journal(), caller.owner.engine());
    let run = journal.run_id(&request.run).await?;
    parked(journal, &run).await?;
    let look = |active: &loomwork_engine::Active| {
        let inputs = active.values.get(&active.state.inputs).map(|inputs| Value::clone(&inputs));
        (inputs, views::summary(&active.state, now_ms()), active.state.program.definition.clone())
    };
    let (inputs, old, definition) = journal.inspect(Some(&engine), &run, look).await?;
    let inputs =
        inputs.map_err(|_| problem::not_found(format!("The inputs of the run {run} are not in the journal any more.")))?;
    let inputs = match inputs {
        Value::Object(inputs) => inputs,
        _ => Map::new(),
    };
    let original = if request.original {
        let text = journal.ask(move |reader| reader.definition(&definition).map_err(of_store)).await?.flatten();
        Some(text.ok_or_else(|| problem::not_found(format!("The workflow of run {run} is not in the journal any more.")))?)
    } else {
        None
    };
    let catalog = Arc::clone(caller.owner.catalog());
    let (name, path) = (old.workflow.clone(), old.path.clone());
    let (text, path, workflow, inputs) = blocking(move || match original {
        Some(text) => {
            let workflow = loomwork_workflow::read_accepted(&text);
            let workflow = workflow.ok_or_else(|| problem::refused("This version cannot read the workflow of that run."))?;
            if let Some(message) = crate::library::unsupported(&workflow) {
                return Err(problem::refused(message));
            }
            let inputs = take_up::fitting(&workflow, &inputs)?;
            Ok((text, path, workflow, inputs))
        }
        None => take_up::from_file(&catalog, &name, &inputs),
    })
    .await?;
    let actor = caller.actor.clone();
    let (labels, priority) = (old.labels, Some(old.priority));
    let start = loomwork_engine::StartRun { workflow, text: Arc::from(text.as_str()), path, inputs, labels, priority, actor };
    let sent = engine.resend(&run, start).await.map_err(of_engine)?;
    take_up::show(caller, &sent).await
}

pub(super) async fn discard(caller: &Caller, request: DiscardDeadLetter) -> ApiResult<Nothing> {
    take_up::trusted(caller)?;
    let run = caller.owner.journal().run_id(&request.run).await?;
    parked(caller.owner.journal(), &run).await?;
    caller.owner.engine().discard_letter(&run, &caller.actor, request.reason).await.map_err(of_engine)?;
    Ok(Nothing {})
}
