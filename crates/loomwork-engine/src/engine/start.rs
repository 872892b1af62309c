//! Runs that begin: one, or many of the same workflow in one commit.
//!
//! Not here: what the loop makes of them (`Core`).

use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_run::{Program, RunTrigger};
use loomwork_store::Reader;
use loomwork_workflow::{Scope, Workflow};
use serde_json::{Map, Value};

use super::{Engine, blocking};
use crate::EngineError;
use crate::request::{NewRun, Request};

/// A run to start.
#[derive(Debug, Clone)]
pub struct StartRun {
    /// The workflow, without errors.
    pub workflow: Workflow,
    /// Its text.
    pub text: Arc<str>,
    /// Path of its file, relative to the workspace.
    pub path: String,
    /// Inputs with defaults filled in.
    pub inputs: Map<String, Value>,
    /// Labels.
    pub labels: IndexMap<String, String>,
    /// From 0 to 9; none for the workflow's own.
    pub priority: Option<u8>,
    /// Who starts it.
    pub actor: String,
}

impl Engine {
    /// Creates a run; returns its id once that is durable.
    ///
    /// # Errors
    /// When `env` cannot be evaluated, or the engine has stopped.
    pub async fn start_run(&self, start: StartRun) -> Result<String, EngineError> {
        let new = self.prepare_run(start, "manual").await?;
        let id = new.id.to_string();
        self.ask(|answer| Request::Create(vec![new], answer)).await?;
        Ok(id)
    }

    /// Creates a run of a workflow for each of some inputs, all or none; returns their ids, in order, once they are durable.
    /// The inputs of `start` itself count for none of them.
    ///
    /// # Errors
    /// When `env` cannot be evaluated for one of them, or the engine has stopped.
    pub async fn start_runs(&self, start: StartRun, inputs: Vec<Map<String, Value>>) -> Result<Vec<String>, EngineError> {
        let last_number = self.last_number(&start.workflow.id).await?;
        let model = Model::of(start, last_number, "manual");
        let all: Vec<NewRun> = inputs.into_iter().map(|inputs| model.run(inputs)).collect::<Result<_, _>>()?;
        let ids = all.iter().map(|new| new.id.to_string()).collect();
        self.ask(|answer| Request::Create(all, answer)).await?;
        Ok(ids)
    }

    pub(super) async fn prepare_run(&self, mut start: StartRun, trigger: &str) -> Result<NewRun, EngineError> {
        let last_number = self.last_number(&start.workflow.id).await?;
        let inputs = std::mem::take(&mut start.inputs);
        Model::of(start, last_number, trigger).run(inputs)
    }

    /// The largest number that a run of a workflow has in the journal.
    async fn last_number(&self, workflow: &str) -> Result<u32, EngineError> {
        let (journal, workflow) = (Arc::clone(&self.journal), workflow.to_owned());
        blocking(move || Ok(Reader::open(&journal)?.last_number(&workflow)?)).await
    }
}

/// What several runs that begin together have in common.
struct Model {
    program: Arc<Program>,
    text: Arc<str>,
    path: String,
    trigger: RunTrigger,
    labels: IndexMap<String, String>,
    priority: u8,
    last_number: u32,
}

impl Model {
    fn of(start: StartRun, last_number: u32, trigger: &str) -> Self {
        let StartRun { workflow, text, path, inputs: _, labels, priority, actor } = start;
        let mut all_labels = workflow.labels.clone();
        all_labels.extend(labels);
        Self {
            priority: priority.or(workflow.priority).unwrap_or(5).min(9),
            program: Arc::new(Program::new(workflow, loomwork_workflow::definition_hash(&text))),
            text,
            path,
            trigger: RunTrigger { kind: trigger.to_owned(), actor },
            labels: all_labels,
            last_number,
        }
    }

    fn run(&self, inputs: Map<String, Value>) -> Result<NewRun, EngineError> {
        let inputs = Value::Object(inputs);
        let (env, group) = surroundings(&self.program.workflow, &inputs)?;
        Ok(NewRun {
            id: Arc::from(uuid::Uuid::now_v7().to_string()),
            program: Arc::clone(&self.program),
            text: Arc::clone(&self.text),
            path: self.path.clone(),
            inputs,
            env,
            trigger: self.trigger.clone(),
            labels: self.labels.clone(),
            priority: self.priority,
            last_number: self.last_number,
            parent: None,
            group,
        })
    }
}

/// The workflow's `env` and concurrency group for some inputs.
///
/// # Errors
/// When one of them cannot be evaluated.
pub fn surroundings(workflow: &Workflow, inputs: &Value) -> Result<(Value, Option<String>), EngineError> {
    let mut scope = Scope { inputs: Arc::new(inputs.clone()), ..Scope::default() };
    let env = loomwork_run::environment(workflow, inputs).map_err(|(name, message)| EngineError::Env { name, message })?;
    scope.env = Arc::new(env.clone());
    let group = workflow.concurrency.as_ref().map(|concurrency| concurrency.group.evaluate(&scope)).transpose();
    let group = group.map_err(|error| EngineError::Group(error.to_string()))?;
    Ok((env, group.map(|group| group.as_str().map_or_else(|| group.to_string(), str::to_owned))))
}
