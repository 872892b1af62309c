//! Workflows of other tools: what they become, and writing that.
//!
//! Invariant: importing writes nothing; writing overwrites nothing unless it is told to, and checks every place before it
//! writes to the first.
//! Not here: the dialects (`loomwork-dialects`).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use indexmap::IndexMap;
use loomwork_api::{ApiError, ApiResult, ImportFinding, ImportOutcome, ImportWorkflow, ImportedFile, ImportedWorkflows};
use loomwork_dialects::{Dialect, Finding, ImportError, ImportOptions, Severity, detect};

use crate::{
    Workspace, design,
    journal::blocking,
    problem,
    workspace::{Catalog, is_workflow_name, read, replace},
};

/// Names (without their ends) of files that belong to an agent-steps file beside them.
const BESIDE: [&str; 2] = ["engine", "templates"];

pub(super) async fn import(catalog: &Arc<Catalog>, request: ImportWorkflow) -> ApiResult<ImportedWorkflows> {
    let catalog = Arc::clone(catalog);
    blocking(move || {
        let mut imported = translate(request)?;
        mark_taken(&catalog, &mut imported.files)?;
        Ok(imported)
    })
    .await
}

/// What a foreign file would become, and where that would go.
#[derive(Debug)]
pub struct ImportPlan {
    /// The workflows and the report.
    pub imported: ImportedWorkflows,
    /// Where each workflow goes, in their order.
    pub places: Vec<PathBuf>,
}

/// Where imported workflows go.
#[derive(Debug)]
pub enum ImportTarget {
    /// Into the folder of workflows of a workspace.
    Workspace(Workspace),
    /// Into a folder of any place, or, if the name is that of a workflow file, to that file.
    Path(PathBuf),
}

/// Reads a foreign file of any place, with the files beside it that belong to it. Nothing is written.
///
/// # Errors
/// When the file cannot be read, or is a workflow of none of the dialects (or not of the one that is named), or when
/// several workflows would go to one file.
pub fn read_foreign(path: &Path, dialect: Option<String>, target: &ImportTarget) -> ApiResult<ImportPlan> {
    let file = read(path)?;
    if let Some(at) = file.invalid_at {
        return Err(problem::invalid(format!("{} is not UTF-8 text (byte {at}). Convert it first.", path.display())));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut imported = translate(ImportWorkflow { beside: beside(path, &name), name, text: file.text, dialect })?;
    let places = match target {
        ImportTarget::Workspace(workspace) => {
            mark_taken(&Catalog::new(workspace.clone()), &mut imported.files)?;
            imported.files.iter().map(|file| workspace.root().join(&file.path)).collect()
        }
        ImportTarget::Path(path) if is_workflow_name(&path.to_string_lossy()) => {
            if imported.files.len() != 1 {
                let message = format!("The file holds {} workflows: name a folder, not a file.", imported.files.len());
                return Err(problem::invalid(message));
            }
            vec![path.clone()]
        }
        ImportTarget::Path(folder) => {
            let place = |file: &ImportedFile| folder.join(Path::new(&file.path).file_name().unwrap_or_default());
            imported.files.iter().map(place).collect()
        }
    };
    if let ImportTarget::Path(_) = target {
        for (file, place) in imported.files.iter_mut().zip(&places) {
            file.taken_by = place.symlink_metadata().is_ok().then(|| place.display().to_string());
        }
    }
    Ok(ImportPlan { imported, places })
}

/// Writes what an import made. With `overwrite`, files that are there are replaced; a workflow whose id another file has
/// is refused all the same.
///
/// # Errors
/// When a place is taken (nothing is written then), or a file cannot be written.
pub fn write_imported(plan: &ImportPlan, overwrite: bool) -> ApiResult<()> {
    for (file, place) in plan.imported.files.iter().zip(&plan.places) {
        let Some(taken_by) = &file.taken_by else { continue };
        if place.symlink_metadata().is_err() {
            let message =
                format!("{taken_by} has the id `{}` already. Rename or remove that one first; nothing was written.", file.id);
            return Err(problem::refused(message));
        }
        if !overwrite {
            return Err(problem::refused(format!(
                "{} exists already; nothing was written. Use --force to overwrite it, or --output for another place.",
                place.display()
            )));
        }
    }
    for (file, place) in plan.imported.files.iter().zip(&plan.places) {
        replace(place, file.text.as_bytes())?;
    }
    Ok(())
}

fn translate(request: ImportWorkflow) -> ApiResult<ImportedWorkflows> {
    let ImportWorkflow { name, text, dialect, beside } = request;
    let dialect = match dialect {
        Some(named) => Dialect::by_name(&named)
            .ok_or_else(|| problem::invalid(format!("There is no dialect {named:?}; there are {}.", names())))?,
        None => detect(&name, &text).ok_or_else(|| unknown(&name, &text))?,
    };
    let options = ImportOptions { beside, ..ImportOptions::default() };
    let imported = loomwork_dialects::import(dialect, &name, &text, &options).map_err(|error| refusal(&error))?;
    let file = |file: loomwork_dialects::ImportedFile| {
        let design = design::of_text(file.text);
        let stem = Path::new(&file.path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        ImportedFile {
            id: design.id.unwrap_or(stem),
            path: file.path,
            text: design.text,
            diagnostics: design.diagnostics,
            taken_by: None,
        }
    };
    Ok(ImportedWorkflows {
        dialect: dialect.name().to_owned(),
        files: imported.files.into_iter().map(file).collect(),
        report: imported.report.into_iter().map(finding).collect(),
    })
}

fn finding(finding: Finding) -> ImportFinding {
    let outcome = match finding.severity {
        Severity::Translated => ImportOutcome::Translated,
        Severity::Approximated => ImportOutcome::Approximated,
        Severity::Placeholder => ImportOutcome::Placeholder,
        Severity::Dropped => ImportOutcome::Dropped,
    };
    ImportFinding { outcome, file: finding.file, path: finding.path, line: finding.line, message: finding.message }
}

/// An error of a dialect begins with the name of the file, which keeps its letters.
fn refusal(error: &ImportError) -> ApiError {
    problem::invalid(format!("{}.", error.to_string().trim_end_matches('.')))
}

fn names() -> String {
    Dialect::ALL.map(Dialect::name).join(", ")
}

/// Why no dialect could be told.
fn unknown(name: &str, text: &str) -> ApiError {
    if loomwork_workflow::analyze(text).outline.id.is_some() && text.contains("loomwork:") {
        return problem::invalid(format!("{name} is a Loomwork workflow already: put it into `workflows/`."));
    }
    // What cannot be read at all is said with its place.
    let read = loomwork_dialects::import(Dialect::GithubActions, name, text, &ImportOptions::default());
    if let Err(error @ (ImportError::Unreadable { .. } | ImportError::TooLarge { .. })) = read {
        return refusal(&error);
    }
    problem::invalid(format!("{name} looks like none of the known dialects ({}). If it is one of them, name it.", names()))
}

fn mark_taken(catalog: &Catalog, files: &mut [ImportedFile]) -> ApiResult<()> {
    let entries = catalog.entries()?;
    for file in files {
        let same = |entry: &&crate::workspace::Entry| entry.path == file.path;
        let other = entries.iter().find(same).or_else(|| entries.iter().find(|entry| entry.id() == Some(file.id.as_str())));
        file.taken_by = other.map(|entry| entry.path.clone());
    }
    Ok(())
}

/// The files beside a source that belong to it, as far as they can be read.
fn beside(path: &Path, name: &str) -> IndexMap<String, String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let candidates = BESIDE.iter().flat_map(|stem| ["yaml", "yml"].map(|end| format!("{stem}.{end}")));
    let there = candidates.filter(|candidate| candidate != name);
    there.filter_map(|candidate| Some((candidate.clone(), read(&folder.join(&candidate)).ok()?.text))).collect()
}
