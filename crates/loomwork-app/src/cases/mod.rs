//! The use cases: one function a request of the contract, gathered by family.
//!
//! Not here: how a request arrived and how its answer travels (the shells and `wire`).

mod cached;
mod care;
mod checkpoints;
mod files;
mod import;
mod plan;
mod queue;
mod retention;
mod runs;
mod shared;
mod take_up;
mod versions;
mod workflows;
mod workspace;
mod writing;

use loomwork_api::{ApiResult, ArchiveRuns, PurgeRuns, Request};
use loomwork_engine::{Way, Wish};
use serde::Serialize;
use serde_json::Value;

use crate::{owner::Owner, problem, reader::Reader};

pub(crate) use checkpoints::of_checkpoint;
pub use files::{CheckedFile, check_file, explanation, input_values, read_workflow};
pub use import::{ImportPlan, ImportTarget, read_foreign, write_imported};
pub use plan::{export_alone, plan_alone};
pub(crate) use retention::of_archive;
pub use versions::compare_texts;

/// Who asks, and the owner that answers.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) owner: Owner,
    pub(crate) actor: String,
}

/// Whether a request changes nothing, so that it can be asked again when nobody answered.
pub(crate) fn only_reads(request: &Request) -> bool {
    match request {
        Request::GetWorkspace(_)
        | Request::CheckWorkspace(_)
        | Request::ListWorkflows(_)
        | Request::OpenWorkflow(_)
        | Request::AnalyzeWorkflow(_)
        | Request::CompleteText(_)
        | Request::HoverText(_)
        | Request::EditWorkflow(_)
        | Request::ImportWorkflow(_)
        | Request::ExplainProblem(_)
        | Request::PlanWorkflow(_)
        | Request::ExportWorkflow(_)
        | Request::ListVersions(_)
        | Request::CompareVersions(_)
        | Request::GetRun(_)
        | Request::GetRunDesign(_)
        | Request::ListRuns(_)
        | Request::GetQueue(_)
        | Request::GetEvents(_)
        | Request::GetLogs(_)
        | Request::GetValue(_)
        | Request::ListBreakers(_)
        | Request::ListDeadLetters(_)
        | Request::GetDeadLetter(_)
        | Request::ListArchive(_)
        | Request::ArchiveRuns(ArchiveRuns { plan: true, .. })
        | Request::PurgeRuns(PurgeRuns { plan: true, .. })
        | Request::ListCheckpoints(_) => true,
        Request::TrustWorkspace(_)
        | Request::MakeBackup(_)
        | Request::SaveWorkflow(_)
        | Request::CreateWorkflow(_)
        | Request::DeleteWorkflow(_)
        | Request::StartRun(_)
        | Request::StartRuns(_)
        | Request::RetryRun(_)
        | Request::CancelRun(_)
        | Request::PauseRun(_)
        | Request::ResumeRun(_)
        | Request::RerunRun(_)
        | Request::AmendRun(_)
        | Request::ForkRun(_)
        | Request::CreateCheckpoint(_)
        | Request::RestoreCheckpoint(_)
        | Request::DeleteCheckpoint(_)
        | Request::ArchiveRuns(_)
        | Request::PurgeRuns(_)
        | Request::RestoreArchived(_)
        | Request::DeleteArchived(_)
        | Request::JudgeStep(_)
        | Request::DecideStep(_)
        | Request::SendEvent(_)
        | Request::ResetBreaker(_)
        | Request::ResendRun(_)
        | Request::DiscardDeadLetter(_) => false,
    }
}

/// Answers as the owner.
pub(crate) async fn answer(caller: &Caller, request: Request) -> ApiResult<Value> {
    let owner = &caller.owner;
    let (catalog, journal, engine) = (owner.catalog(), owner.journal(), owner.engine());
    let engine = Some(&engine);
    match request {
        Request::GetWorkspace(_) => json(workspace::facts(caller).await),
        Request::TrustWorkspace(_) => json(workspace::trust(caller).await),
        Request::CheckWorkspace(_) => json(care::check(catalog.workspace()).await),
        Request::MakeBackup(request) => json(care::back_up(catalog.workspace(), request).await),
        Request::ListWorkflows(_) => json(workflows::list(catalog, journal, engine).await),
        Request::OpenWorkflow(request) => json(workflows::open(catalog, request).await),
        Request::AnalyzeWorkflow(request) => json(workflows::analyze(catalog, request).await),
        Request::CompleteText(request) => json(writing::complete(journal, engine, request).await),
        Request::HoverText(request) => json(writing::hover(journal, engine, request).await),
        Request::EditWorkflow(request) => json(workflows::edit(catalog, request).await),
        Request::ExplainProblem(request) => json(files::explanation(&request.code)),
        Request::ImportWorkflow(request) => json(import::import(catalog, request).await),
        Request::PlanWorkflow(request) => json(plan::plan(catalog, journal, request).await),
        Request::ExportWorkflow(request) => json(plan::export(catalog, journal, engine, request).await),
        Request::ListVersions(request) => json(versions::list(catalog, journal, request).await),
        Request::CompareVersions(request) => json(versions::compare(catalog, journal, request).await),
        Request::SaveWorkflow(request) => json(workflows::save(owner, request).await),
        Request::CreateWorkflow(request) => json(workflows::create(owner, request).await),
        Request::DeleteWorkflow(request) => json(workflows::delete(owner, request).await),
        Request::StartRun(request) => json(take_up::start(caller, request).await),
        Request::StartRuns(request) => json(take_up::start_all(caller, request).await),
        Request::GetRun(request) => json(runs::get(journal, engine, request).await),
        Request::GetRunDesign(request) => json(runs::design(catalog, journal, engine, request).await),
        Request::ListRuns(request) => json(journal.list(engine, request).await),
        Request::GetQueue(request) => json(queue::queue(journal, &owner.engine(), request).await),
        Request::GetEvents(request) => json(runs::events(journal, request).await),
        Request::GetLogs(request) => json(runs::logs(journal, engine, request).await),
        Request::GetValue(request) => json(runs::value(journal, request).await),
        Request::RetryRun(request) => json(take_up::retry(caller, request).await),
        Request::CancelRun(request) => json(take_up::cancel(caller, request).await),
        Request::PauseRun(request) => json(take_up::wish(caller, &request.run, Wish::Pause).await),
        Request::ResumeRun(request) => json(take_up::wish(caller, &request.run, Wish::Resume).await),
        Request::RerunRun(request) => json(take_up::rerun(caller, request).await),
        Request::AmendRun(request) => json(take_up::amend(caller, request).await),
        Request::ForkRun(request) => json(take_up::fork(caller, request).await),
        Request::CreateCheckpoint(request) => json(checkpoints::create(caller, request).await),
        Request::ListCheckpoints(request) => json(checkpoints::list(journal, request).await),
        Request::RestoreCheckpoint(request) => json(checkpoints::restore(caller, request).await),
        Request::DeleteCheckpoint(request) => json(checkpoints::delete(caller, request).await),
        Request::ArchiveRuns(ArchiveRuns { which, plan: true }) | Request::PurgeRuns(PurgeRuns { which, plan: true }) => {
            json(retention::plan_removal(journal, which).await)
        }
        Request::ArchiveRuns(request) => json(retention::remove(caller, Way::Archive, request.which).await),
        Request::PurgeRuns(request) => json(retention::remove(caller, Way::Purge, request.which).await),
        Request::ListArchive(_) => json(retention::list(journal).await),
        Request::RestoreArchived(request) => json(retention::restore(caller, request).await),
        Request::DeleteArchived(request) => json(retention::delete(caller, request).await),
        Request::JudgeStep(request) => json(take_up::judge(caller, request).await),
        Request::DecideStep(request) => json(take_up::decide(caller, request).await),
        Request::SendEvent(request) => json(take_up::send(caller, request).await),
        Request::ListBreakers(_) => json(shared::breakers(journal).await),
        Request::ListDeadLetters(_) => json(shared::letters(journal).await),
        Request::GetDeadLetter(request) => json(shared::letter(catalog, journal, engine, request).await),
        Request::ResetBreaker(request) => json(shared::reset(caller, request).await),
        Request::ResendRun(request) => json(shared::resend(caller, request).await),
        Request::DiscardDeadLetter(request) => json(shared::discard(caller, request).await),
    }
}

/// Answers from the journal alone, without an owner.
pub(crate) async fn answer_from_journal(reader: &Reader, request: Request) -> ApiResult<Value> {
    let (catalog, journal) = (reader.catalog(), reader.journal());
    match request {
        Request::GetWorkspace(_) => json(workspace::facts_unowned(reader)),
        Request::CheckWorkspace(_) => json(care::check(catalog.workspace()).await),
        Request::MakeBackup(request) => json(care::back_up(catalog.workspace(), request).await),
        Request::ListWorkflows(_) => json(workflows::list(catalog, journal, None).await),
        Request::OpenWorkflow(request) => json(workflows::open(catalog, request).await),
        Request::AnalyzeWorkflow(request) => json(workflows::analyze(catalog, request).await),
        Request::CompleteText(request) => json(writing::complete(journal, None, request).await),
        Request::HoverText(request) => json(writing::hover(journal, None, request).await),
        Request::EditWorkflow(request) => json(workflows::edit(catalog, request).await),
        Request::ExplainProblem(request) => json(files::explanation(&request.code)),
        Request::ImportWorkflow(request) => json(import::import(catalog, request).await),
        Request::PlanWorkflow(request) => json(plan::plan(catalog, journal, request).await),
        Request::ExportWorkflow(request) => json(plan::export(catalog, journal, None, request).await),
        Request::ListVersions(request) => json(versions::list(catalog, journal, request).await),
        Request::CompareVersions(request) => json(versions::compare(catalog, journal, request).await),
        Request::GetRun(request) => json(runs::get(journal, None, request).await),
        Request::GetRunDesign(request) => json(runs::design(catalog, journal, None, request).await),
        Request::ListRuns(request) => json(journal.list(None, request).await),
        // Without an engine nothing stands in line.
        Request::GetQueue(_) => json(Ok(loomwork_api::Queue::default())),
        Request::GetEvents(request) => json(runs::events(journal, request).await),
        Request::GetLogs(request) => json(runs::logs(journal, None, request).await),
        Request::GetValue(request) => json(runs::value(journal, request).await),
        Request::ListBreakers(_) => json(shared::breakers(journal).await),
        Request::ListDeadLetters(_) => json(shared::letters(journal).await),
        Request::GetDeadLetter(request) => json(shared::letter(catalog, journal, None, request).await),
        Request::ListCheckpoints(request) => json(checkpoints::list(journal, request).await),
        Request::ListArchive(_) => json(retention::list(journal).await),
        Request::ArchiveRuns(ArchiveRuns { which, plan: true }) | Request::PurgeRuns(PurgeRuns { which, plan: true }) => {
            json(retention::plan_removal(journal, which).await)
        }
        Request::ArchiveRuns(_)
        | Request::PurgeRuns(_)
        | Request::RestoreArchived(_)
        | Request::DeleteArchived(_)
        | Request::TrustWorkspace(_)
        | Request::SaveWorkflow(_)
        | Request::CreateWorkflow(_)
        | Request::DeleteWorkflow(_)
        | Request::StartRun(_)
        | Request::StartRuns(_)
        | Request::RetryRun(_)
        | Request::CancelRun(_)
        | Request::PauseRun(_)
        | Request::ResumeRun(_)
        | Request::RerunRun(_)
        | Request::AmendRun(_)
        | Request::ForkRun(_)
        | Request::CreateCheckpoint(_)
        | Request::RestoreCheckpoint(_)
        | Request::DeleteCheckpoint(_)
        | Request::JudgeStep(_)
        | Request::DecideStep(_)
        | Request::SendEvent(_)
        | Request::ResetBreaker(_)
        | Request::ResendRun(_)
        | Request::DiscardDeadLetter(_) => {
            Err(problem::unavailable("Nobody owns the workspace at this moment; it was opened for reading only."))
        }
    }
}

fn json<T: Serialize>(answer: ApiResult<T>) -> ApiResult<Value> {
    serde_json::to_value(answer?).map_err(|error| problem::internal(format!("The answer cannot be written: {error}.")))
}
