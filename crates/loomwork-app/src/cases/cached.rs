//! Which steps of a run to come will use an earlier output, as far as that is known before it starts.
//!
//! Invariant: asks the same questions as the engine, by the same code. Not known is what reads the outputs of other steps, and what
//! stands in a group or is repeated.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_api::CachedFrom;
use loomwork_run::{Program, ROOT, RunCreated, RunState, RunTrigger, Values};
use loomwork_steps::{Fingerprints, WorkspaceSecrets};
use loomwork_store::Reader;
use loomwork_workflow::Workflow;
use serde_json::{Map, Value};

use crate::workspace::Workspace;

/// The successes whose outputs will be used again, by path of the step that will use them.
pub(super) fn known(
    reader: &Reader,
    workspace: &Workspace,
    workflow: Workflow,
    inputs: &Map<String, Value>,
) -> HashMap<String, CachedFrom> {
    let mut found = HashMap::new();
    if !workflow.body.steps.iter().any(|step| step.cache.is_some()) {
        return found;
    }
    let mut values = Values::default();
    // With inputs that are still to be given, or an `env` that cannot be evaluated, nothing is known.
    let Some(state) = about_to_start(workflow, inputs, &mut values) else { return found };
    let secrets = Arc::new(WorkspaceSecrets::new(workspace.state().secrets()));
    let fingerprints = Fingerprints::new(workspace.root(), workspace.state().path(), secrets);
    let top = state.container(ROOT).map(|root| root.children.clone()).unwrap_or_default();
    for ix in top.into_iter().filter(|ix| state.definition(*ix).step.repeat.is_none()) {
        let Some(Ok(question)) = loomwork_run::cache_question(&state, &values, ix) else { continue };
        let Ok(fingerprint) = fingerprints.make(&question) else { continue };
        let Ok(Some(kept)) = reader.cached(&fingerprint) else { continue };
        if loomwork_run::takes_cached(&state, ix, kept.at_ms, crate::journal::now_ms()) {
            found.insert(state.steps[ix].path.to_string(), CachedFrom { run: kept.run, step: kept.step });
        }
    }
    found
}

/// A run as it is before its first step.
fn about_to_start(workflow: Workflow, inputs: &Map<String, Value>, values: &mut Values) -> Option<RunState> {
    let inputs = Value::Object(loomwork_workflow::resolve_inputs(&workflow, inputs).ok()?);
    let (env, group) = loomwork_engine::surroundings(&workflow, &inputs).ok()?;
    let created = RunCreated {
        workflow: workflow.id.clone(),
        path: String::new(),
        definition: String::new(),
        version: workflow.version.clone(),
        number: 0,
        inputs: values.intern(&inputs),
        env: values.intern(&env),
        trigger: RunTrigger { kind: "manual".to_owned(), actor: String::new() },
        labels: IndexMap::new(),
        priority: 5,
        steps: 0,
        parent: None,
        group,
        forked_from: None,
    };
    let program = Arc::new(Program::new(workflow, String::new()));
    Some(RunState::created(program, String::new(), 0, &created))
}
