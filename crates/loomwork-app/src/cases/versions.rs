//! Versions of a workflow: the definitions that were run beside the file as it stands, and the difference of two.
//!
//! Not here: what counts as a difference (`loomwork-workflow`).

use std::sync::Arc;

use loomwork_api::{
    self as api, ApiError, ApiResult, CompareVersions, Comparison, Definition, ErrorCode, ListVersions, VersionList,
    WorkflowVersion,
};
use loomwork_workflow::{self as workflow, Workflow};

use crate::{
    design,
    journal::{Journal, blocking, of_store},
    problem, views,
    workspace::{Catalog, Entry, is_path},
};

/// Digits of a hash that are enough to mean one: fewer are too easily an id.
const SHORTEST_HASH: usize = 6;

pub(super) async fn list(catalog: &Arc<Catalog>, journal: &Journal, request: ListVersions) -> ApiResult<VersionList> {
    let catalog = Arc::clone(catalog);
    let name = request.workflow.clone();
    let found = blocking(move || Ok(catalog.find(&name))).await?;
    // A workflow whose file is gone still has the versions that were run.
    let (entry, id) = match found {
        Ok(entry) => {
            let id = entry.id().map(str::to_owned).ok_or_else(|| super::workflows::invalid(&entry))?;
            (Some(entry), id)
        }
        Err(error) if error.code == ErrorCode::NotFound && !is_path(&request.workflow) => (None, request.workflow.clone()),
        Err(error) => return Err(error),
    };
    let asked = id.clone();
    let rows = journal.ask(move |reader| reader.versions(&asked).map_err(of_store)).await?.unwrap_or_default();
    if entry.is_none() && rows.is_empty() {
        return Err(problem::not_found(format!("There is no workflow {id:?} in this workspace, and none that was run.")));
    }
    let current = entry.as_ref().map(|entry| entry.file.revision.as_str());
    let mut versions: Vec<WorkflowVersion> = rows
        .into_iter()
        .map(|row| WorkflowVersion {
            current: current == Some(row.definition.as_str()),
            hash: row.definition,
            version: row.version,
            runs: row.runs,
            first_run_at: Some(views::time(row.first_ms)),
            last_run_at: Some(views::time(row.last_ms)),
        })
        .collect();
    if let Some(entry) = entry.as_ref().filter(|_| !versions.iter().any(|version| version.current)) {
        versions.push(never_run(entry));
    }
    versions.sort_by_key(|version| !version.current);
    Ok(VersionList { workflow: id, path: entry.map(|entry| entry.path), versions })
}

fn never_run(entry: &Entry) -> WorkflowVersion {
    WorkflowVersion {
        hash: entry.file.revision.clone(),
        version: entry.analysis.outline.version.clone(),
        runs: 0,
        first_run_at: None,
        last_run_at: None,
        current: true,
    }
}

pub(super) async fn compare(catalog: &Arc<Catalog>, journal: &Journal, request: CompareVersions) -> ApiResult<Comparison> {
    let from = named_text(catalog, journal, request.from).await?;
    let to = named_text(catalog, journal, request.to).await?;
    blocking(move || compare_texts((&from.0, &from.1), (&to.0, &to.1))).await
}

/// What is different between two texts, each with its name for messages.
///
/// # Errors
/// `InvalidWorkflow` when one of them has errors.
pub fn compare_texts(from: (&str, &str), to: (&str, &str)) -> ApiResult<Comparison> {
    let (old, new) = (readable(from.0, from.1)?, readable(to.0, to.1)?);
    Ok(comparison(workflow::compare(&old, &new)))
}

fn readable(name: &str, text: &str) -> ApiResult<Workflow> {
    if let Some(workflow) = workflow::analyze(text).workflow {
        return Ok(workflow);
    }
    let diagnostics = design::of_text(text.to_owned()).diagnostics;
    let first = diagnostics.iter().find(|diagnostic| diagnostic.severity == api::Severity::Error);
    let first = first.map(|first| format!(" Line {}: {}", first.line, first.message)).unwrap_or_default();
    let mut error = ApiError::new(ErrorCode::InvalidWorkflow, format!("{name} has errors and cannot be compared.{first}"));
    error.diagnostics = diagnostics;
    Err(error)
}

/// The name and text of a definition.
async fn named_text(catalog: &Arc<Catalog>, journal: &Journal, definition: Definition) -> ApiResult<(String, String)> {
    let name = match definition {
        Definition::Text(text) => return Ok(("The text".to_owned(), text)),
        Definition::Named(name) => name,
    };
    let catalog = Arc::clone(catalog);
    let asked = name.clone();
    let missing = match blocking(move || Ok(catalog.find(&asked))).await? {
        Ok(entry) => return Ok((entry.path, entry.file.text.clone())),
        Err(error) if error.code == ErrorCode::NotFound && is_hash(&name) => error,
        Err(error) => return Err(error),
    };
    let beginning = name.to_ascii_lowercase();
    let texts = journal.ask(move |reader| reader.definitions(&beginning, 2).map_err(of_store)).await?.unwrap_or_default();
    match <[(String, String); 1]>::try_from(texts) {
        Ok([(hash, text)]) => Ok((format!("The version {}", hash.chars().take(12).collect::<String>()), text)),
        Err(none) if none.is_empty() => Err(ApiError::new(
            ErrorCode::NotFound,
            format!("{} No version that was run has a hash that begins with it either.", missing.message),
        )),
        Err(_) => Err(problem::invalid(format!("Several versions have a hash that begins with {name:?}. Write more of it."))),
    }
}

fn is_hash(name: &str) -> bool {
    (SHORTEST_HASH..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn comparison(comparison: workflow::Comparison) -> Comparison {
    let workflow::Comparison { added, removed, renamed, moved, changed, workflow } = comparison;
    let step_move = |workflow::StepMove { from, to }| api::StepMove { from, to };
    let changed = changed.into_iter().map(|workflow::StepChange { from, to, fields }| {
        let fields = fields.into_iter().map(field).collect();
        api::StepChange { from, to, fields }
    });
    Comparison {
        added,
        removed,
        renamed: renamed.into_iter().map(step_move).collect(),
        moved: moved.into_iter().map(step_move).collect(),
        changed: changed.collect(),
        workflow: workflow.into_iter().map(field).collect(),
    }
}

fn field(change: workflow::FieldChange) -> api::FieldChange {
    let workflow::FieldChange { field, aspect, from, to } = change;
    let aspect = match aspect {
        workflow::Aspect::Action => api::Aspect::Action,
        workflow::Aspect::Inputs => api::Aspect::Inputs,
        workflow::Aspect::Edges => api::Aspect::Edges,
        workflow::Aspect::Policy => api::Aspect::Policy,
        workflow::Aspect::Presentation => api::Aspect::Presentation,
    };
    api::FieldChange { field, aspect, from, to }
}
