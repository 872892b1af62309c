//! `checkpoint`: the kept states of runs.

use loomwork_api::{Checkpoint, CheckpointLevel, CreateCheckpoint, DeleteCheckpoint, ListCheckpoints, RestoreCheckpoint};
use loomwork_app::Mode;

use super::{Context, join_or_start, take_up};
use crate::{
    args::{CheckpointCommand, LevelArgument},
    exit::{Exit, Failure},
    output::{self, Form},
};

/// Does what is said of checkpoints.
pub(super) async fn perform(context: &Context, what: CheckpointCommand) -> Result<Exit, Failure> {
    match what {
        CheckpointCommand::Create { run, name, level } => create(context, run, name, level).await,
        CheckpointCommand::List { run } => list(context, run).await,
        CheckpointCommand::Restore { run, checkpoint, plan } => {
            take_up::again(context, RestoreCheckpoint { run, checkpoint, plan }).await
        }
        CheckpointCommand::Delete { run, checkpoint } => delete(context, run, checkpoint).await,
    }
}

async fn create(context: &Context, run: String, name: Option<String>, level: LevelArgument) -> Result<Exit, Failure> {
    let level = match level {
        LevelArgument::Minimal => CheckpointLevel::Minimal,
        LevelArgument::Standard => CheckpointLevel::Standard,
        LevelArgument::Comprehensive => CheckpointLevel::Comprehensive,
        LevelArgument::Debug => CheckpointLevel::Debug,
    };
    let backend = context.open(join_or_start()?).await?;
    let made = backend.request(CreateCheckpoint { run, name, level }).await?;
    match context.form {
        Form::Json => output::json(&made),
        Form::Text => output::line(&line(&made)),
    }
    Ok(Exit::Done)
}

async fn list(context: &Context, run: String) -> Result<Exit, Failure> {
    let backend = context.open(Mode::JoinOrRead).await?;
    let list = backend.request(ListCheckpoints { run }).await?;
    match context.form {
        Form::Json => output::json(&list),
        Form::Text if list.checkpoints.is_empty() => output::line("The run has no checkpoints."),
        Form::Text => list.checkpoints.iter().for_each(|checkpoint| output::line(&line(checkpoint))),
    }
    Ok(Exit::Done)
}

async fn delete(context: &Context, run: String, checkpoint: String) -> Result<Exit, Failure> {
    let backend = context.open(join_or_start()?).await?;
    backend.request(DeleteCheckpoint { run, checkpoint: checkpoint.clone() }).await?;
    match context.form {
        Form::Json => output::json(&serde_json::json!({ "deleted": checkpoint })),
        Form::Text => output::line(&format!("The checkpoint {checkpoint} was deleted.")),
    }
    Ok(Exit::Done)
}

/// One line about a checkpoint.
fn line(checkpoint: &Checkpoint) -> String {
    let Checkpoint { id, problem, facts } = checkpoint;
    let Some(facts) = facts else { return format!("✗ {id}  {}", problem.as_deref().unwrap_or("It cannot be used.")) };
    let name = facts.name.as_ref().map(|name| format!("  {name:?}")).unwrap_or_default();
    let who = if facts.automatic { "automatic" } else { facts.actor.as_str() };
    let smaller = 100 - (100 * facts.bytes).checked_div(facts.content_bytes).unwrap_or(100).min(100);
    let level = crate::render::run::name(&facts.level);
    format!("✓ {id}{name}  {level}  {}  {who}  {} bytes ({smaller} % smaller)", facts.at, facts.bytes)
}
