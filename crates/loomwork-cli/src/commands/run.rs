//! `run`: starts a run, and waits for its end unless told otherwise.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use loomwork_api::{ApiError, ErrorCode, OpenWorkflow, StartRun, WorkflowDocument};
use loomwork_app::{Backend, Mode, Workspace};
use serde_json::{Map, Value};

use super::{Context, join_or_start, open, wait};
use crate::{
    args::RunArguments,
    exit::{Exit, Failure},
    output::{self, Form},
    render,
};

/// Starts a run.
pub(super) async fn run(context: &Context, arguments: RunArguments) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let workflow = target(&workspace, &arguments.workflow)?;
    let given = arguments.inputs.as_deref().map(read_inputs).transpose()?.unwrap_or_default();
    let mode = if arguments.detach { join_or_start()? } else { Mode::OwnOrJoin };
    let backend = open(workspace, mode).await?;
    if let Some(each) = &arguments.each {
        return super::run_each::run(context, backend, workflow, given, each, &arguments).await;
    }
    let started = start(&backend, workflow, given, &arguments).await;
    let run = match started {
        Ok(run) => run,
        Err(failure) => {
            backend.close().await;
            return Err(failure);
        }
    };
    if arguments.detach {
        match context.form {
            Form::Json => output::json(&run),
            Form::Text => output::line(&render::run::headline(&run.summary)),
        }
        backend.close().await;
        return Ok(Exit::Done);
    }
    wait::until_end(context, backend, run).await
}

async fn start(
    backend: &Backend,
    workflow: String,
    mut inputs: Map<String, Value>,
    arguments: &RunArguments,
) -> Result<loomwork_api::Run, Failure> {
    let document = backend.request(OpenWorkflow { workflow: workflow.clone() }).await?;
    inputs.extend(loomwork_app::input_values(&document.design.text, &arguments.input));
    let request = StartRun { workflow, inputs, labels: arguments.label.iter().cloned().collect(), priority: arguments.priority };
    backend.request(request).await.map_err(|error| refused(document, error))
}

/// Why a workflow was not started; its problems are shown in its text.
pub(super) fn refused(document: WorkflowDocument, error: ApiError) -> Failure {
    match error.code {
        ErrorCode::InvalidWorkflow => {
            Failure::Workflow { path: document.path, text: document.design.text, error: Box::new(error) }
        }
        _ => error.into(),
    }
}

/// A file as a path within the workspace; anything else is an id.
pub(super) fn target(workspace: &Workspace, given: &str) -> Result<String, Failure> {
    if !is_file(given) {
        return Ok(given.to_owned());
    }
    // From here first, as any command reads a path; then from the workspace.
    let here = PathBuf::from(given);
    let from_workspace = workspace.root().join(given);
    let Some(path) = [here, from_workspace].into_iter().find_map(|path| path.canonicalize().ok()) else {
        return Ok(given.to_owned());
    };
    workspace.to_relative(&path).ok_or_else(|| {
        Failure::usage(format!("{given} lies outside the workspace {}; name a file of the workspace", workspace.root().display()))
    })
}

/// Whether a name means a file.
pub(super) fn is_file(given: &str) -> bool {
    given.contains('/') || given.ends_with(".yaml") || given.ends_with(".yml")
}

/// The inputs in a file, or on standard input.
pub(super) fn read_inputs(file: &Path) -> Result<Map<String, Value>, Failure> {
    let text = text_of(file)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("the inputs {} are not a JSON object: {error}", name_of(file))))
}

fn name_of(file: &Path) -> std::borrow::Cow<'_, str> {
    if file == Path::new("-") { "on standard input".into() } else { file.to_string_lossy() }
}

/// The text of a file, or of standard input.
pub(super) fn text_of(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map_err(|error| Failure::usage(format!("the inputs on standard input cannot be read: {error}")))?;
        Ok(text)
    } else {
        loomwork_app::read_text(file).map_err(|error| Failure::usage(format!("the inputs: {}", error.message)))
    }
}
