//! Checkpoints: kept, listed, restored and deleted by people.

use loomwork_api::{
    ApiError, ApiResult, Checkpoint, CheckpointFacts, CheckpointLevel, CheckpointList, CreateCheckpoint, DeleteCheckpoint,
    ErrorCode, ListCheckpoints, Nothing, RestoreCheckpoint, Retried,
};
use loomwork_store::{CheckpointError, Level, Listed};

use super::{Caller, take_up};
use crate::{
    journal::{Journal, blocking, of_engine},
    problem, views,
};

/// A name has at most so many characters.
const LONGEST_NAME: usize = 100;

pub(super) async fn create(caller: &Caller, request: CreateCheckpoint) -> ApiResult<Checkpoint> {
    let CreateCheckpoint { run, name, level } = request;
    let run = caller.owner.journal().run_id(&run).await?;
    let name = name.map(|name| name.trim().to_owned());
    if name.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > LONGEST_NAME) {
        return Err(problem::invalid(format!("The name of a checkpoint has 1 to {LONGEST_NAME} characters.")));
    }
    take_up::trusted(caller)?;
    let made = caller.owner.engine().create_checkpoint(&run, &caller.actor, name, inside(level)).await.map_err(of_engine)?;
    Ok(view(made))
}

pub(super) async fn list(journal: &Journal, request: ListCheckpoints) -> ApiResult<CheckpointList> {
    let run = journal.run_id(&request.run).await?;
    let checkpoints = journal.checkpoints();
    let listed = blocking(move || checkpoints.list(&run).map_err(of_checkpoint)).await?;
    Ok(CheckpointList { checkpoints: listed.into_iter().map(view).collect() })
}

pub(super) async fn restore(caller: &Caller, request: RestoreCheckpoint) -> ApiResult<Retried> {
    let RestoreCheckpoint { run, checkpoint, plan: only_plan } = request;
    let run = caller.owner.journal().run_id(&run).await?;
    let fork = caller.owner.engine().prepare_restore(&run, &checkpoint, &caller.actor).await.map_err(of_engine)?;
    take_up::begin(caller, fork, only_plan).await
}

pub(super) async fn delete(caller: &Caller, request: DeleteCheckpoint) -> ApiResult<Nothing> {
    let DeleteCheckpoint { run, checkpoint } = request;
    let run = caller.owner.journal().run_id(&run).await?;
    take_up::trusted(caller)?;
    let checkpoints = caller.owner.journal().checkpoints();
    blocking(move || {
        let id = checkpoints.find(&run, &checkpoint).map_err(of_checkpoint)?;
        checkpoints.delete(&run, &id).map_err(of_checkpoint)
    })
    .await?;
    Ok(Nothing {})
}

/// A problem with a checkpoint, on the wire.
pub(crate) fn of_checkpoint(error: CheckpointError) -> ApiError {
    let code = match &error {
        CheckpointError::None(_) => ErrorCode::NotFound,
        CheckpointError::Damaged(_) | CheckpointError::TooNew(_) => ErrorCode::Refused,
        CheckpointError::Io { .. } => ErrorCode::Io,
    };
    ApiError::new(code, problem::sentence(&error.to_string()))
}

fn view(listed: Listed) -> Checkpoint {
    let Listed { id, checked } = listed;
    match checked {
        Err(error) => Checkpoint { id, problem: Some(problem::sentence(&error.to_string())), facts: None },
        Ok(checked) => {
            let head = checked.head;
            let facts = CheckpointFacts {
                seq: head.seq,
                name: head.name,
                level: outside(head.level),
                automatic: head.automatic,
                actor: head.actor,
                at: views::time(head.at_ms),
                bytes: checked.file_bytes,
                content_bytes: checked.content_bytes,
                sha256: checked.sha256,
            };
            Checkpoint { id, problem: None, facts: Some(facts) }
        }
    }
}

fn inside(level: CheckpointLevel) -> Level {
    match level {
        CheckpointLevel::Minimal => Level::Minimal,
        CheckpointLevel::Standard => Level::Standard,
        CheckpointLevel::Comprehensive => Level::Comprehensive,
        CheckpointLevel::Debug => Level::Debug,
    }
}

fn outside(level: Level) -> CheckpointLevel {
    match level {
        Level::Minimal => CheckpointLevel::Minimal,
        Level::Standard => CheckpointLevel::Standard,
        Level::Comprehensive => CheckpointLevel::Comprehensive,
        Level::Debug => CheckpointLevel::Debug,
    }
}
