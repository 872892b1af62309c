//! One module a command: it parses what is left to parse, calls the application service, and renders.

mod care;
mod checkpoints;
mod explain;
mod export;
mod files;
mod follow;
mod import;
mod open;
mod plan;
mod retention;
mod run;
mod run_each;
mod runs;
mod serve;
mod shared;
mod subject;
mod take_up;
mod versions;
mod wait;

use std::path::{Path, PathBuf};

use loomwork_api::{ApiResult, CancelRun, ForkRun, JudgeStep, PauseRun, RerunRun, ResumeRun};
use loomwork_app::{Backend, Mode, OpenOptions, Workspace};

use crate::{
    args::{Arguments, Command},
    exit::{Exit, Failure},
    output::Form,
};

/// What every command knows.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    workspace: Option<PathBuf>,
    form: Form,
}

impl Context {
    /// The workspace that was named, else the nearest one.
    fn workspace(&self) -> ApiResult<Workspace> {
        match &self.workspace {
            Some(folder) => Workspace::at(folder),
            None => Workspace::nearest(Path::new(".")),
        }
    }

    /// Opens the workspace.
    async fn open(&self, mode: Mode) -> ApiResult<Backend> {
        open(self.workspace()?, mode).await
    }
}

async fn open(workspace: Workspace, mode: Mode) -> ApiResult<Backend> {
    Backend::open(OpenOptions::new(workspace, mode)).await
}

/// Being a guest, of an engine in the background if there is no other: this very program starts it.
fn join_or_start() -> Result<Mode, Failure> {
    let program =
        std::env::current_exe().map_err(|error| Failure::usage(format!("the path of this program is not known: {error}")))?;
    Ok(Mode::JoinOrStart(program))
}

/// Does what the command line says.
pub(crate) async fn perform(arguments: Arguments) -> Result<Exit, Failure> {
    let form = if arguments.json { Form::Json } else { Form::Text };
    let context = Context { workspace: arguments.workspace, form };
    match arguments.command {
        Command::Init { dir } => files::init(&context, dir),
        Command::Validate { files } => files::validate(&context, &files),
        Command::Import(import) => import::import(&context, import),
        Command::Schema => files::schema(),
        Command::Explain { code } => explain::explain(&context, &code),
        Command::Archive(arguments) => retention::archive(&context, arguments).await,
        Command::Purge(arguments) => retention::purge(&context, arguments).await,
        Command::Backup { dir } => care::back_up(&context, &dir).await,
        Command::Restore { dir } => care::restore(&context, &dir),
        Command::Doctor { repair } => care::check(&context, repair).await,
        Command::Plan(arguments) => plan::plan(&context, arguments).await,
        Command::Export(arguments) => export::export(&context, arguments).await,
        Command::Versions { workflow } => versions::list(&context, &workflow).await,
        Command::Diff { from, to } => versions::diff(&context, &from, &to).await,
        Command::Run(run) => run::run(&context, run).await,
        Command::Show { run } => runs::show(&context, run).await,
        Command::Runs { status, waits_for, workflow, limit } => runs::list(&context, (status, waits_for), workflow, limit).await,
        Command::Queue { run, limit } => runs::queue(&context, run, limit).await,
        Command::Events { run, from, follow } => follow::events(&context, run, from, follow).await,
        Command::Logs { run, step, follow } => follow::logs(&context, run, step, follow).await,
        Command::Retry { run, step, items: _, set, plan } => take_up::retry(&context, run, step, set, plan).await,
        Command::Cancel { run, reason, compensate } => take_up::change(&context, CancelRun { run, reason, compensate }).await,
        Command::Pause { run } => take_up::change(&context, PauseRun { run }).await,
        Command::Resume { run } => take_up::change(&context, ResumeRun { run }).await,
        Command::Rerun { run, from, plan } => take_up::again(&context, RerunRun { run, from, plan }).await,
        Command::Amend { run, workflow, plan } => take_up::amend(&context, run, &workflow, plan).await,
        Command::Fork { run, at, plan } => take_up::again(&context, ForkRun { run, at, plan }).await,
        Command::Checkpoint { what } => checkpoints::perform(&context, what).await,
        Command::Skip { run, step } => take_up::change(&context, JudgeStep { run, step, output: None }).await,
        Command::Succeed { run, step, output } => take_up::succeed(&context, run, step, &output).await,
        Command::Approve(decision) => take_up::decide(&context, decision, true).await,
        Command::Reject(decision) => take_up::decide(&context, decision, false).await,
        Command::Send { name, data, run } => take_up::send(&context, name, data, run).await,
        Command::Breakers { command } => shared::breakers(&context, command).await,
        Command::DeadLetters { command } => shared::letters(&context, command).await,
        Command::Trust { dir } => take_up::trust(&context, dir).await,
        Command::Serve(serve) => serve::serve(&context, serve).await,
        Command::Open { dir } => open::open(&context, dir),
    }
}
