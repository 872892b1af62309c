//! Runs that call runs: the child's definition, inputs and environment.

use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_run::{ErrorClass, Json, Parent, Program, RunError, RunTrigger};
use loomwork_store::CachedOutput;
use serde_json::{Map, Value};

use crate::request::NewRun;
use crate::{Active, EngineError};

/// Where workflows and ended runs are found. Implemented over the workspace, and over a table in tests.
pub trait Library: Send + Sync + 'static {
    /// The workflow with an id, prepared; its text; and the path of its file.
    ///
    /// # Errors
    /// A sentence for a person: there is none, there are two, or it has errors.
    fn workflow(&self, id: &str) -> Result<(Arc<Program>, Arc<str>, String), String>;

    /// A run as the journal tells it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    fn load_run(&self, run: &str) -> Result<Active, EngineError>;

    /// The id of a new run.
    fn fresh_id(&self) -> String;

    /// The largest number of a run of a workflow that the journal has.
    fn last_number(&self, workflow: &str) -> u32;

    /// The latest output that was kept under a fingerprint, as far as the journal has been read through.
    fn cached(&self, fingerprint: &str) -> Option<CachedOutput>;

    /// A large value of the journal by its hash.
    fn value(&self, hash: &str) -> Option<Json>;
}

/// A child run, from the resolved input of the step that calls it.
pub(crate) fn child(
    library: &dyn Library,
    id: Arc<str>,
    parent: Parent,
    input: &Value,
    priority: u8,
) -> Result<NewRun, RunError> {
    let name = input.get("id").and_then(Value::as_str).unwrap_or_default();
    let (program, text, path) = library.workflow(name).map_err(|message| RunError::new(ErrorClass::Validation, message))?;
    let none = Map::new();
    let given = input.get("inputs").and_then(Value::as_object).unwrap_or(&none);
    let inputs = loomwork_workflow::resolve_inputs(&program.workflow, given).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        RunError::new(ErrorClass::Validation, format!("the inputs of `{name}` do not fit: {}", problems.join("; ")))
    })?;
    let inputs = Value::Object(inputs);
    let (env, group) = crate::engine::surroundings(&program.workflow, &inputs)
        .map_err(|error| RunError::new(ErrorClass::Validation, error.to_string()))?;
    let last_number = library.last_number(name);
    Ok(NewRun {
        id,
        program,
        text,
        path,
        inputs,
        env,
        trigger: RunTrigger { kind: "workflow".to_owned(), actor: parent.run.clone() },
        labels: IndexMap::new(),
        priority,
        last_number,
        parent: Some(parent),
        group,
    })
}
