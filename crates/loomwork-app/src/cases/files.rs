//! Checks of workflow files that need no workspace: what `validate` says, and inputs given as text.

use std::path::Path;

use loomwork_api::{ApiResult, Diagnostic, Explanation};
use serde_json::{Map, Value};

use crate::{
    Workspace, design, problem,
    workspace::{Catalog, Programs, not_utf8, read},
};

/// A file and its problems.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedFile {
    /// The text that was checked; invalid UTF-8 stands as U+FFFD.
    pub text: String,
    /// The problems, by position.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a workflow file, of any place. Of a file in a workspace, its neighbours are asked for its id too.
///
/// # Errors
/// When the file cannot be read.
pub fn check_file(path: &Path) -> ApiResult<CheckedFile> {
    if let Some(checked) = check_in_workspace(path) {
        return Ok(checked);
    }
    let file = read(path)?;
    let mut diagnostics: Vec<Diagnostic> = not_utf8(&file).into_iter().collect();
    let analysis = loomwork_workflow::analyze(&file.text);
    diagnostics.extend(analysis.diagnostics.iter().map(design::diagnostic));
    diagnostics.extend(Programs::default().problems(&file.text, &analysis.programs));
    diagnostics.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
    Ok(CheckedFile { text: file.text, diagnostics })
}

/// The text of a workflow file, of any place.
///
/// # Errors
/// When it cannot be read, or is not UTF-8.
pub fn read_workflow(path: &Path) -> ApiResult<String> {
    let file = read(path)?;
    match not_utf8(&file) {
        Some(problem) => Err(crate::problem::invalid(format!("{}: {}", path.display(), problem.message))),
        None => Ok(file.text),
    }
}

fn check_in_workspace(path: &Path) -> Option<CheckedFile> {
    let path = path.canonicalize().ok()?;
    let workspace = Workspace::nearest(path.parent()?).ok()?;
    let relative = workspace.to_relative(&path)?;
    let entry = Catalog::new(workspace).find(&relative).ok()?;
    Some(CheckedFile { text: entry.file.text.clone(), diagnostics: design::diagnostics(&entry) })
}

/// What the code of a problem means.
///
/// # Errors
/// When there is no such code.
pub fn explanation(code: &str) -> ApiResult<Explanation> {
    let known = loomwork_workflow::codes::find(code).ok_or_else(|| {
        let message = "Codes are like LW0111 and stand beside each problem that `loomwork validate` prints.";
        problem::not_found(format!("There is no problem with the code {code:?}. {message}"))
    })?;
    Ok(Explanation {
        code: known.code.to_owned(),
        severity: design::severity(known.severity),
        title: known.title.to_owned(),
        page: known.page.to_owned(),
    })
}

/// Inputs given as text: JSON where they parse as the type that the workflow declares, else text. What the workflow
/// does not declare stays text, for the run to refuse by name.
pub fn input_values(workflow: &str, given: &[(String, String)]) -> Map<String, Value> {
    let declared = loomwork_workflow::analyze(workflow).workflow.map(|workflow| workflow.inputs).unwrap_or_default();
    let value = |name: &str, text: &str| match declared.get(name) {
        Some(input) => loomwork_workflow::parse_input_text(input, text),
        None => Value::String(text.to_owned()),
    };
    given.iter().map(|(name, text)| (name.clone(), value(name, text))).collect()
}
