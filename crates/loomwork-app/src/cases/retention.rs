//! Runs that leave the journal, and the archive: what a request means, and what is answered.
//!
//! Not here: which runs may go and how they do (`loomwork-engine`).

use loomwork_api::{
    ApiError, ApiResult, ArchiveList, ArchivedFacts, ArchivedRun, DeleteArchived, ErrorCode, KeptRun, Nothing, Removal,
    RemovedRun, RestoreArchived, Run, RunSelection,
};
use loomwork_engine::{Going, Kept, Outcome, Selection, Way, plan};
use loomwork_store::{Archive, ArchiveError, Archived, ListedArchive};

use super::{Caller, runs, take_up};
use crate::{
    journal::{Journal, blocking, now_ms, of_engine},
    problem, views,
};

/// Says which runs would go, and what would stay.
pub(super) async fn plan_removal(journal: &Journal, which: RunSelection) -> ApiResult<Removal> {
    let selection = selection(journal, which).await?;
    let file = journal.file().to_owned();
    blocking(move || {
        let plan = plan(&file, &selection, now_ms()).map_err(of_engine)?;
        let (values, value_bytes) = plan.values(&file).map_err(of_engine)?;
        let outcome = Outcome { runs: plan.going, kept: plan.kept, more: plan.more, values, value_bytes };
        Ok(removal(outcome, true))
    })
    .await
}

/// Takes runs out of the journal.
pub(super) async fn remove(caller: &Caller, way: Way, which: RunSelection) -> ApiResult<Removal> {
    take_up::trusted(caller)?;
    let selection = selection(caller.owner.journal(), which).await?;
    let outcome = caller.owner.engine().remove_runs(way, selection, &caller.actor).await.map_err(of_engine)?;
    Ok(removal(outcome, false))
}

/// What a request means. One that says nothing would mean every run that has ended.
async fn selection(journal: &Journal, which: RunSelection) -> ApiResult<Selection> {
    let RunSelection { runs, statuses, workflow, older_than, keep } = which;
    let described = !statuses.is_empty() || workflow.is_some() || older_than.is_some() || keep.is_some();
    if runs.is_empty() && !described {
        return Err(problem::invalid("Say which runs: their ids, or how old they are, how they ended, of which workflow."));
    }
    if !runs.is_empty() && described {
        return Err(problem::invalid("Say which runs, or what holds for them, but not both."));
    }
    let older_than_ms = match older_than {
        Some(text) => {
            let parsed = loomwork_workflow::parse_duration(&text);
            Some(parsed.map_err(|error| problem::invalid(problem::sentence(&error.to_string())))?)
        }
        None => None,
    };
    let mut inside = Vec::new();
    for status in statuses {
        let known = views::run_status_inside(status).filter(|status| status.is_final());
        inside.push(known.ok_or_else(|| {
            problem::invalid("Only runs that have ended can go: those that succeeded, failed, were cancelled or compensated.")
        })?);
    }
    let mut ids = Vec::new();
    for run in runs {
        ids.push(journal.run_id(&run).await?);
    }
    Ok(Selection { runs: ids, statuses: inside, workflow, older_than_ms, keep })
}

fn removal(outcome: Outcome, plan: bool) -> Removal {
    let Outcome { runs, kept, more, values, value_bytes } = outcome;
    let now = now_ms();
    let bytes = runs.iter().map(|run| run.bytes).sum::<u64>() + value_bytes;
    let gone = |going: Going| RemovedRun {
        run: views::row(&going.row, now),
        events: going.events,
        bytes: going.bytes,
        archive_bytes: going.archive_bytes,
    };
    let stays = |kept: Kept| KeptRun { run: views::row(&kept.row, now), why: kept.why };
    Removal { plan, runs: runs.into_iter().map(gone).collect(), kept: kept.into_iter().map(stays).collect(), more, values, bytes }
}

pub(super) async fn list(journal: &Journal) -> ApiResult<ArchiveList> {
    let archive = journal.archive();
    blocking(move || {
        let runs = archive.list().map_err(of_archive)?.into_iter().map(view).collect();
        Ok(ArchiveList { runs, folder: archive.folder().display().to_string() })
    })
    .await
}

fn view(listed: ListedArchive) -> ArchivedRun {
    let ListedArchive { id, checked } = listed;
    match checked {
        Err(error) => ArchivedRun { id, problem: Some(problem::sentence(&error.to_string())), facts: None },
        Ok(Archived { head, file_bytes }) => {
            let facts = ArchivedFacts {
                run: views::row(&head.run, now_ms()),
                archived_at: views::time(head.at_ms),
                actor: head.actor,
                events: head.events,
                bytes: file_bytes,
                took_bytes: head.took_bytes,
            };
            ArchivedRun { id, problem: None, facts: Some(facts) }
        }
    }
}

pub(super) async fn restore(caller: &Caller, request: RestoreArchived) -> ApiResult<Run> {
    take_up::trusted(caller)?;
    let (journal, engine) = (caller.owner.journal(), caller.owner.engine());
    let run = archived_id(journal.archive(), request.run).await?;
    engine.restore_archived(&run, &caller.actor).await.map_err(of_engine)?;
    runs::get(journal, Some(&engine), loomwork_api::GetRun { run }).await
}

pub(super) async fn delete(caller: &Caller, request: DeleteArchived) -> ApiResult<Nothing> {
    take_up::trusted(caller)?;
    let run = archived_id(caller.owner.journal().archive(), request.run).await?;
    caller.owner.engine().delete_archived(&run, &caller.actor).await.map_err(of_engine)?;
    Ok(Nothing {})
}

/// The whole id of an archived run, from a beginning of it that is unique.
async fn archived_id(archive: Archive, beginning: String) -> ApiResult<String> {
    let asked = beginning.clone();
    let found = blocking(move || archive.ids(&asked).map_err(of_archive)).await?;
    match <[String; 1]>::try_from(found) {
        Ok([run]) if !beginning.is_empty() => Ok(run),
        Err(several) if !several.is_empty() && !beginning.is_empty() => {
            Err(problem::invalid(format!("Several archived runs begin with {beginning:?}. Write more of the id.")))
        }
        _ => Err(problem::not_found(format!("There is no run {beginning:?} in the archive. `loomwork archive list` has all."))),
    }
}

/// A problem with the archive, on the wire.
pub(crate) fn of_archive(error: ArchiveError) -> ApiError {
    let code = match error {
        ArchiveError::Store(error) => return crate::journal::of_store(error),
        ArchiveError::None(_) => ErrorCode::NotFound,
        ArchiveError::Damaged(_) | ArchiveError::TooNew(_) => ErrorCode::Refused,
        ArchiveError::Io { .. } => ErrorCode::Io,
    };
    ApiError::new(code, problem::sentence(&error.to_string()))
}
