//! Workflow files: listing, opening, analysing, editing, saving.

use std::sync::Arc;

use loomwork_api::{
    AnalyzeWorkflow, ApiError, ApiResult, CreateWorkflow, DeleteWorkflow, Design, EditWorkflow, Edited, ErrorCode, Nothing,
    OpenWorkflow, RecentRun, SaveWorkflow, Severity, WorkflowDocument, WorkflowList, WorkflowSummary,
};
use loomwork_engine::Engine;
use loomwork_store::RunFilter;

use crate::{
    design,
    journal::{Journal, blocking, now_ms, of_store},
    owner::Owner,
    problem,
    waits::{self, Waits},
    workspace::{Catalog, Entry},
};

/// Cells of the strip of last states.
const RECENT_RUNS: u32 = 12;

pub(super) async fn list(catalog: &Arc<Catalog>, journal: &Journal, engine: Option<&Engine>) -> ApiResult<WorkflowList> {
    let catalog = Arc::clone(catalog);
    let entries = blocking(move || catalog.entries()).await?;
    let ids: Vec<Option<String>> = entries.iter().map(|entry| entry.id().map(str::to_owned)).collect();
    let (known, checkpoints) = (waits::known(engine).await, journal.checkpoints());
    let recent = journal.ask(move |reader| {
        let waits = Waits::read(reader, &checkpoints, known)?;
        ids.iter().map(|id| recent_runs(reader, &waits, id.as_deref())).collect::<ApiResult<Vec<_>>>()
    });
    let recent = recent.await?;
    let mut recent = recent.unwrap_or_default().into_iter();
    let workflows = entries.iter().map(|entry| summary(entry, recent.next().unwrap_or_default())).collect();
    Ok(WorkflowList { workflows })
}

fn recent_runs(reader: &loomwork_store::Reader, waits: &Waits, workflow: Option<&str>) -> ApiResult<Vec<RecentRun>> {
    let Some(workflow) = workflow else { return Ok(Vec::new()) };
    let filter = RunFilter { workflow: Some(workflow.to_owned()), limit: RECENT_RUNS, ..RunFilter::default() };
    let rows = reader.runs(&filter).map_err(of_store)?;
    let runs = rows.iter().map(|row| waits.row(row, now_ms()));
    Ok(runs.map(|run| RecentRun { id: run.id, status: run.status, created_at: run.created_at }).collect())
}

fn summary(entry: &Entry, recent: Vec<RecentRun>) -> WorkflowSummary {
    let outline = &entry.analysis.outline;
    let diagnostics = design::diagnostics(entry);
    let count = |severity| {
        u32::try_from(diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()).unwrap_or(u32::MAX)
    };
    WorkflowSummary {
        path: entry.path.clone(),
        id: outline.id.clone(),
        description: outline.description.clone(),
        steps: u32::try_from(outline.nodes.len()).unwrap_or(u32::MAX),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        recent,
    }
}

pub(super) async fn open(catalog: &Arc<Catalog>, request: OpenWorkflow) -> ApiResult<WorkflowDocument> {
    let catalog = Arc::clone(catalog);
    blocking(move || document(&catalog, &catalog.find(&request.workflow)?)).await
}

fn document(catalog: &Catalog, entry: &Entry) -> ApiResult<WorkflowDocument> {
    Ok(WorkflowDocument {
        path: entry.path.clone(),
        revision: entry.file.revision.clone(),
        design: design::of_entry(entry),
        layout: catalog.workspace().layout(&entry.path)?,
    })
}

pub(super) async fn analyze(catalog: &Arc<Catalog>, request: AnalyzeWorkflow) -> ApiResult<Design> {
    let catalog = Arc::clone(catalog);
    blocking(move || {
        let analysis = catalog.open_texts().analyze(&request.text);
        Ok(design::of_entry(&catalog.unsaved(request.path.as_deref(), request.text, analysis)?))
    })
    .await
}

pub(super) async fn edit(catalog: &Arc<Catalog>, request: EditWorkflow) -> ApiResult<Edited> {
    let catalog = Arc::clone(catalog);
    blocking(move || {
        let ops: Vec<_> = request.ops.into_iter().map(design::edit_op).collect();
        let (edited, analysis) = catalog
            .open_texts()
            .edit(&request.text, &ops)
            .map_err(|error| problem::invalid(problem::sentence(&error.to_string())))?;
        let design = design::of_entry(&catalog.unsaved(request.path.as_deref(), edited.text, analysis)?);
        Ok(design::edited(&edited.notes, edited.added, design))
    })
    .await
}

pub(super) async fn save(owner: &Owner, request: SaveWorkflow) -> ApiResult<WorkflowDocument> {
    let catalog = Arc::clone(owner.catalog());
    let path = request.path.clone();
    let saved = blocking(move || {
        let workspace = catalog.workspace();
        let SaveWorkflow { path, text, layout, base_revision } = request;
        workspace.write(&path, &text, base_revision.as_deref())?;
        if let Some(layout) = layout {
            workspace.write_layout(&path, &layout)?;
        }
        document(&catalog, &catalog.find(&path)?)
    })
    .await?;
    owner.tell_file(&path);
    Ok(saved)
}

pub(super) async fn create(owner: &Owner, request: CreateWorkflow) -> ApiResult<WorkflowDocument> {
    let catalog = Arc::clone(owner.catalog());
    let made = blocking(move || {
        let CreateWorkflow { id, text } = request;
        if !is_workflow_id(&id) {
            let message = format!(
                "{id:?} cannot be a workflow's id. Use letters, digits, - and _, at most 100, beginning with a letter or digit."
            );
            return Err(problem::invalid(message));
        }
        if let Some(other) = catalog.entries()?.iter().find(|entry| entry.id() == Some(id.as_str())) {
            return Err(problem::refused(format!("The id {id:?} is used by {}. Choose another one.", other.path)));
        }
        let path = format!("workflows/{id}.yaml");
        let text = text.unwrap_or_else(|| first_text(&id));
        catalog.workspace().create(&path, &text)?;
        document(&catalog, &catalog.find(&path)?)
    })
    .await?;
    owner.tell_file(&made.path);
    Ok(made)
}

fn first_text(id: &str) -> String {
    format!("loomwork: 1\nid: {id}\n\nsteps:\n  - id: hello\n    run: echo \"Hello from {id}\"\n")
}

fn is_workflow_id(id: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    id.len() <= 100 && id.chars().all(fits) && id.starts_with(|c: char| c.is_ascii_alphanumeric())
}

pub(super) async fn delete(owner: &Owner, request: DeleteWorkflow) -> ApiResult<Nothing> {
    let catalog = Arc::clone(owner.catalog());
    let path = request.path.clone();
    blocking(move || catalog.workspace().delete(&request.path)).await?;
    owner.tell_file(&path);
    Ok(Nothing {})
}

/// Why a workflow cannot be run.
pub(super) fn invalid(entry: &Entry) -> ApiError {
    let diagnostics = design::diagnostics(entry);
    let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect();
    let first = errors.first().map(|first| format!(" Line {}: {}", first.line, first.message)).unwrap_or_default();
    let count = if errors.len() == 1 { "an error".to_owned() } else { format!("{} errors", errors.len()) };
    let mut error = ApiError::new(ErrorCode::InvalidWorkflow, format!("{} has {count} and cannot be run.{first}", entry.path));
    error.diagnostics = diagnostics;
    error
}
