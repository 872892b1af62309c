//! `archive` and `purge`: runs that leave the journal, and those that come back.

use loomwork_api::{ArchiveRuns, ArchivedRun, DeleteArchived, ListArchive, PurgeRuns, Removal, RestoreArchived, RunSelection};
use loomwork_app::Mode;

use super::{Context, join_or_start, runs::parse_status};
use crate::{
    args::{ArchiveArguments, ArchiveCommand, RemovalArguments},
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Puts runs into the archive, or does what is said of it.
pub(super) async fn archive(context: &Context, arguments: ArchiveArguments) -> Result<Exit, Failure> {
    match arguments.command {
        None => {
            let (which, plan) = selection(arguments.which)?;
            let backend = context.open(mode(plan)?).await?;
            told(context, &backend.request(ArchiveRuns { which, plan }).await?, "archived")
        }
        Some(ArchiveCommand::List) => list(context).await,
        Some(ArchiveCommand::Restore { run }) => {
            let run = context.open(join_or_start()?).await?.request(RestoreArchived { run }).await?;
            match context.form {
                Form::Json => output::json(&run),
                Form::Text => output::line(&render::run::headline(&run.summary)),
            }
            Ok(Exit::Done)
        }
        Some(ArchiveCommand::Delete { run }) => {
            context.open(join_or_start()?).await?.request(DeleteArchived { run: run.clone() }).await?;
            match context.form {
                Form::Json => output::json(&serde_json::json!({ "deleted": run })),
                Form::Text => output::line(&format!("The run {run} was deleted from the archive.")),
            }
            Ok(Exit::Done)
        }
    }
}

/// Deletes runs.
pub(super) async fn purge(context: &Context, arguments: RemovalArguments) -> Result<Exit, Failure> {
    let (which, plan) = selection(arguments)?;
    let backend = context.open(mode(plan)?).await?;
    told(context, &backend.request(PurgeRuns { which, plan }).await?, "purged")
}

/// A plan needs no engine.
fn mode(plan: bool) -> Result<Mode, Failure> {
    if plan { Ok(Mode::JoinOrRead) } else { join_or_start() }
}

fn selection(arguments: RemovalArguments) -> Result<(RunSelection, bool), Failure> {
    let RemovalArguments { runs, older_than, status, workflow, keep, plan } = arguments;
    let statuses = status.iter().map(|text| parse_status(text)).collect::<Result<_, _>>()?;
    Ok((RunSelection { runs, statuses, workflow, older_than, keep }, plan))
}

fn told(context: &Context, removal: &Removal, done: &str) -> Result<Exit, Failure> {
    match context.form {
        Form::Json => output::json(removal),
        Form::Text => output::line(&render::retention::removal(removal, done)),
    }
    Ok(Exit::Done)
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    let list = context.open(Mode::JoinOrRead).await?.request(ListArchive {}).await?;
    match context.form {
        Form::Json => output::json(&list),
        Form::Text if list.runs.is_empty() => output::note("The archive is empty."),
        Form::Text => list.runs.iter().for_each(|run: &ArchivedRun| output::line(&render::retention::archived(run))),
    }
    Ok(Exit::Done)
}
