//! The workflow that a command is about and does not run: a file of a workspace, of any other place, or an id.
//!
//! Invariant: nothing is owned, started or written.

use std::path::{Path, PathBuf};

use loomwork_api::{
    ApiError, ApiResult, Diagnostic, ErrorCode, ExportWorkflow, Exported, OpenWorkflow, PlanWorkflow, WorkflowPlan,
};
use loomwork_app::{Backend, Mode, Workspace};
use serde_json::{Map, Value};

use super::{Context, files, open, run::is_file};
use crate::{
    exit::{Exit, Failure},
    output::Form,
};

/// A workflow, found.
pub(super) struct Subject {
    /// Its file, as people call it.
    path: String,
    text: String,
    /// The workspace that has it; none for a file of another place.
    backend: Option<Backend>,
}

impl Subject {
    /// Finds a workflow.
    pub(super) async fn find(context: &Context, given: &str) -> Result<Self, Failure> {
        if !is_file(given) {
            return Self::kept(context.workspace()?, given.to_owned()).await;
        }
        let file = files::placed(context, Path::new(given));
        if let Some((workspace, relative)) = home(context, &file) {
            return Self::kept(workspace, relative).await;
        }
        let text = loomwork_app::check_file(&file)?.text;
        Ok(Self { path: given.to_owned(), text, backend: None })
    }

    async fn kept(workspace: Workspace, workflow: String) -> Result<Self, Failure> {
        let backend = open(workspace, Mode::JoinOrRead).await?;
        let document = backend.request(OpenWorkflow { workflow }).await?;
        Ok(Self { path: document.path, text: document.design.text, backend: Some(backend) })
    }

    /// Inputs given as text, by the types that the workflow declares.
    pub(super) fn inputs(&self, given: &[(String, String)]) -> Map<String, Value> {
        loomwork_app::input_values(&self.text, given)
    }

    /// Its plan.
    pub(super) async fn plan(&self, inputs: Map<String, Value>) -> ApiResult<WorkflowPlan> {
        match &self.backend {
            Some(backend) => backend.request(PlanWorkflow { workflow: Some(self.path.clone()), text: None, inputs }).await,
            None => loomwork_app::plan_alone(&self.path, self.text.clone(), &inputs),
        }
    }

    /// A picture of it.
    pub(super) async fn export(&self, request: ExportWorkflow) -> ApiResult<Exported> {
        match &self.backend {
            Some(backend) => backend.request(ExportWorkflow { workflow: Some(self.path.clone()), ..request }).await,
            None => loomwork_app::export_alone(&self.path, self.text.clone(), &request),
        }
    }

    /// Says why it could not be done; problems of the workflow as `validate` does.
    pub(super) fn refuse(self, context: &Context, error: ApiError) -> Result<Exit, Failure> {
        match (error.code, context.form) {
            (ErrorCode::InvalidWorkflow, Form::Json) => {
                let diagnostics: Vec<Diagnostic> = error.diagnostics;
                files::report(self.path, diagnostics);
                Ok(Exit::Invalid)
            }
            (ErrorCode::InvalidWorkflow, Form::Text) => {
                Err(Failure::Workflow { path: self.path, text: self.text, error: Box::new(error) })
            }
            _ => Err(error.into()),
        }
    }
}

/// The workspace that has a file, and its path there; none for files of other places, and of hidden folders.
fn home(context: &Context, file: &Path) -> Option<(Workspace, String)> {
    // What does not exist is looked for where it would be, so that the workspace says what it has.
    let file = file.canonicalize().or_else(|_| std::path::absolute(file)).ok()?;
    let named = context.workspace.as_deref().map(Workspace::at);
    let workspace: Workspace = named.unwrap_or_else(|| Workspace::nearest(file.parent().unwrap_or(&file))).ok()?;
    let relative = workspace.to_relative(&file)?;
    let hidden = PathBuf::from(&relative).components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
    (!hidden).then_some((workspace, relative))
}
