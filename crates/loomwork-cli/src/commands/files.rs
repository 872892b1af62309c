//! `init` and `validate`: workflow files, without an engine.

use std::path::{Path, PathBuf};

use loomwork_api::{Diagnostic, Severity};
use serde::Serialize;
use serde_json::json;

use super::Context;
use crate::{
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Makes a workspace.
pub(super) fn init(context: &Context, dir: Option<PathBuf>) -> Result<Exit, Failure> {
    let folder = dir.or_else(|| context.workspace.clone()).unwrap_or_else(|| PathBuf::from("."));
    let (workspace, made) = loomwork_app::init(&folder)?;
    match context.form {
        Form::Json => output::json(&json!({ "workspace": workspace.root(), "created": made })),
        Form::Text => {
            for path in &made {
                output::line(&format!("made {path}"));
            }
            output::line(&format!("The workspace {} is ready.", workspace.root().display()));
            if made.iter().any(|path| path.ends_with("hello.yaml")) {
                output::line("Try `loomwork run hello`, or `loomwork open` for the window.");
            }
        }
    }
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    files: Vec<FileReport>,
}

#[derive(Debug, Serialize)]
struct FileReport {
    path: String,
    ok: bool,
    diagnostics: Vec<Diagnostic>,
}

/// The files that are meant: a folder stands for the workflows in it and below.
fn meant(files: &[PathBuf], context: &Context) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    for file in files {
        let place = placed(context, file);
        if !place.is_dir() {
            all.push(file.clone());
            continue;
        }
        let inside = loomwork_app::workflow_files(&place)?;
        if inside.is_empty() {
            return Err(Failure::usage(format!("There is no workflow file (.yaml or .yml) in the folder {}.", file.display())));
        }
        all.extend(inside);
    }
    Ok(all)
}

/// Checks files, of any place.
pub(super) fn validate(context: &Context, files: &[PathBuf]) -> Result<Exit, Failure> {
    let mut report = Report { ok: true, files: Vec::new() };
    for file in &meant(files, context)? {
        let checked = loomwork_app::check_file(&placed(context, file))?;
        let path = file.display().to_string();
        let ok = !checked.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        if context.form == Form::Text {
            render::diagnostics::full(&path, &checked.text, &checked.diagnostics);
            output::line(&render::diagnostics::verdict(&path, &checked.diagnostics));
        }
        report.ok &= ok;
        report.files.push(FileReport { path, ok, diagnostics: checked.diagnostics });
    }
    if context.form == Form::Json {
        output::json(&report);
    }
    Ok(if report.ok { Exit::Done } else { Exit::Invalid })
}

/// Prints the JSON Schema of the language.
pub(super) fn schema() -> Result<Exit, Failure> {
    output::line(&format!("{:#}", loomwork_app::json_schema()));
    Ok(Exit::Done)
}

/// Prints what is wrong with one file, as data.
pub(super) fn report(path: String, diagnostics: Vec<Diagnostic>) {
    output::json(&Report { ok: false, files: vec![FileReport { path, ok: false, diagnostics }] });
}

/// A path as the caller means it: from here, else from the workspace that was named.
pub(super) fn placed(context: &Context, file: &Path) -> PathBuf {
    match &context.workspace {
        Some(workspace) if file.is_relative() && !file.exists() => workspace.join(file),
        _ => file.to_path_buf(),
    }
}
