//! Going on with a corrected workflow: what keeps its result, what is done again, and why it cannot be.
//!
//! A step keeps its result when what decides it (its action, what goes in, after what it is done) is the same in both
//! definitions, and nothing before it is done again. The plan is read off the state after the very events that do it.
//!
//! Not here: how the instances find themselves in the new definition (`rebase`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use loomwork_workflow::{Scope, Workflow};
use serde_json::{Map, Value};

use crate::event::{RunAmended, RunTakenUp, StepReset};
use crate::rebase::under_way;
use crate::request::{by, keeps_parts, refuse};
use crate::state::ROOT;
use crate::{Event, Program, RefusedRequest, RetryPlan, Role, RunState, RunStatus, Shape, StepStatus, Values};

/// A corrected workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Amendment {
    /// The workflow, prepared.
    pub program: Arc<Program>,
    /// Path of its file.
    pub path: String,
}

/// What going on with a corrected workflow does.
#[derive(Debug)]
pub struct Amended {
    /// What runs, is kept, and repeats: by index in `after`.
    pub plan: RetryPlan,
    /// The events.
    pub events: Vec<Event>,
    /// The state after them.
    pub after: RunState,
}

/// Goes on with a corrected workflow. The definition must be made known to the state ([`RunState::know`]) before the
/// events are applied.
///
/// # Errors
/// When the run is in no state for it, the workflow is another one or the same, lacks what is under way, or needs inputs
/// that the run does not have.
pub fn amend(
    state: &RunState,
    values: &mut Values,
    actor: &str,
    amendment: &Amendment,
    now_ms: i64,
) -> Result<Amended, RefusedRequest> {
    let program = &amendment.program;
    allowed(state, program)?;
    let (inputs, env) = surroundings(state, values, &program.workflow)?;
    let old_env = values.get(&state.env).map_err(|missing| RefusedRequest::State(missing.to_string()))?;
    let mut change = Change::new(state, program, *old_env != env);
    change.fits_what_is_under_way()?;
    change.find();
    let mut events = change.events(actor, now_ms);
    events.push(by(
        actor,
        now_ms,
        None,
        RunAmended {
            definition: program.definition.clone(),
            version: program.workflow.version.clone(),
            path: Some(amendment.path.clone()),
            steps: u32::try_from(program.scopes[0].steps.len()).ok(),
            inputs: Some(values.intern(&inputs)),
            env: Some(values.intern(&env)),
        },
    ));
    let mut after = state.clone();
    after.know(Arc::clone(program));
    for event in &events {
        after.apply(event).map_err(|error| RefusedRequest::State(format!("the run cannot go on so: {error}")))?;
    }
    let plan = change.plan(&after);
    Ok(Amended { plan, events, after })
}

fn allowed(state: &RunState, program: &Program) -> Result<(), RefusedRequest> {
    match state.status {
        RunStatus::Failed | RunStatus::Cancelled | RunStatus::Compensated => {}
        RunStatus::Running | RunStatus::Paused if !state.stopping() => {}
        RunStatus::Queued => return refuse("the run has not started yet; cancel it and start it anew"),
        RunStatus::Succeeded => return refuse("the run has succeeded; start a new one"),
        status => return refuse(format!("the run is {} and stopping; wait for its end", status.as_str())),
    }
    let (old, new) = (&state.program.workflow.id, &program.workflow.id);
    if old != new {
        return refuse(format!("this is the workflow `{new}`, and the run is one of `{old}`"));
    }
    if state.program.definition == program.definition {
        return refuse("the run runs this very workflow already; `retry` takes it up as it is");
    }
    Ok(())
}

/// The inputs and the environment under the new definition: what was given stays, what is new has its default.
fn surroundings(state: &RunState, values: &Values, workflow: &Workflow) -> Result<(Value, Value), RefusedRequest> {
    let present = values.get(&state.inputs).map_err(|missing| RefusedRequest::State(missing.to_string()))?;
    let given: Map<String, Value> = present
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| workflow.inputs.contains_key(*name) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let inputs = loomwork_workflow::resolve_inputs(workflow, &given).map_err(|problems| {
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        RefusedRequest::State(format!("the inputs of the run do not fit the corrected workflow: {}", said.join("; ")))
    })?;
    let inputs = Value::Object(inputs);
    let env = environment(workflow, &inputs)
        .map_err(|(name, message)| RefusedRequest::State(format!("`env.{name}` of the corrected workflow: {message}")))?;
    Ok((inputs, env))
}

/// The workflow's `env` for some inputs.
///
/// # Errors
/// The variable that has no value, and why.
pub fn environment(workflow: &Workflow, inputs: &Value) -> Result<Value, (String, String)> {
    let scope = Scope { inputs: Arc::new(inputs.clone()), ..Scope::default() };
    let mut env = Map::new();
    for (name, template) in &workflow.env {
        let value = template.evaluate(&scope).map_err(|error| (name.clone(), error.to_string()))?;
        env.insert(name.clone(), Value::String(crate::scope::as_text(value)));
    }
    Ok(Value::Object(env))
}

/// A change of definition, worked out over the state before it.
struct Change<'c> {
    state: &'c RunState,
    new: &'c Program,
    /// Definition → the one of the same place in the new workflow.
    twins: Vec<Option<usize>>,
    /// Definitions whose result may be another one now.
    changed: HashSet<usize>,
    /// What goes back to its beginning, and whether its effect is a new one.
    resets: BTreeMap<usize, bool>,
    /// Containers that go on with what they have.
    resumes: BTreeSet<usize>,
    /// What the new definition has not.
    removed: Vec<usize>,
}

impl<'c> Change<'c> {
    fn new(state: &'c RunState, new: &'c Program, new_env: bool) -> Self {
        let old = &state.program;
        let places: HashMap<String, usize> = (0..new.len()).map(|definition| (new.place(definition), definition)).collect();
        let twins: Vec<Option<usize>> = (0..old.len()).map(|definition| places.get(&old.place(definition)).copied()).collect();
        let differs = |definition: usize| {
            let Some(twin) = twins[definition] else { return false };
            (new_env && loomwork_workflow::reads_env(&old.definitions[definition].step))
                || old.fingerprint(definition) != new.fingerprint(twin)
        };
        let changed = (0..old.len()).filter(|definition| differs(*definition)).collect();
        let attached = (1..state.steps.len()).filter(|ix| state.steps[*ix].attached);
        let removed = attached.filter(|ix| twins[state.steps[*ix].definition].is_none()).collect();
        Self { state, new, twins, changed, resets: BTreeMap::new(), resumes: BTreeSet::new(), removed }
    }

    fn fits_what_is_under_way(&self) -> Result<(), RefusedRequest> {
        for ix in self.state.in_order() {
            let instance = &self.state.steps[ix];
            if !under_way(instance.status) {
                continue;
            }
            let path = &instance.path;
            let Some(twin) = self.twins[instance.definition] else {
                return refuse(format!("`{path}` is under way and the corrected workflow has no such step; wait for its end"));
            };
            let kind = |shape: Shape| std::mem::discriminant(&shape);
            if kind(self.state.shape(ix)) != kind(self.new.shape(twin, instance.is_part())) {
                return refuse(format!("`{path}` is under way and becomes something else; wait for its end, or cancel the run"));
            }
        }
        Ok(())
    }

    /// Finds what is done again.
    fn find(&mut self) {
        let ended = self.state.status.is_final();
        for ix in self.state.in_order() {
            let instance = &self.state.steps[ix];
            let done = instance.status.is_final() || instance.status == StepStatus::NeedsAttention;
            // An element or a pass is a part of its step, which is done again whole or not at all.
            let done = done && !instance.is_part();
            if done && self.changed.contains(&instance.definition) && self.twins[instance.definition].is_some() {
                self.reset(ix, true);
            }
        }
        self.find_containers();
        if ended {
            let top = self.children(ROOT);
            for ix in top {
                let handled =
                    self.twins[self.state.steps[ix].definition].is_some_and(|twin| self.new.definitions[twin].handles_failure);
                match self.state.steps[ix].status {
                    StepStatus::Failed if !handled => self.again(ix),
                    StepStatus::Cancelled | StepStatus::Compensated => self.again(ix),
                    _ => {}
                }
            }
        }
        let resets = &self.resets;
        self.resumes.retain(|ix| !resets.contains_key(ix));
    }

    /// A group that has ended and whose steps are others now goes on.
    fn find_containers(&mut self) {
        for ix in self.state.in_order() {
            let Shape::Scope(_) = self.state.shape(ix) else { continue };
            let instance = &self.state.steps[ix];
            let twin = self.twins[instance.definition].and_then(|twin| self.new.definitions[twin].inner);
            let (Some(scope), Some(inner)) = (twin, self.state.container(ix)) else { continue };
            let same = self.new.scopes[scope].steps.len() == inner.children.len()
                && inner.children.iter().all(|child| self.twins[self.state.steps[*child].definition].is_some());
            if !same && instance.status.is_final() {
                self.go_on(ix, true);
            }
        }
    }

    fn children(&self, container: usize) -> Vec<usize> {
        self.state.children(container).to_vec()
    }

    /// What failed or was cancelled is tried again, as deep as it goes.
    fn again(&mut self, ix: usize) {
        if self.twins[self.state.steps[ix].definition].is_none() || self.resets.contains_key(&ix) {
            return;
        }
        if !keeps_parts(self.state, ix) {
            self.reset(ix, false);
            return;
        }
        self.go_on(ix, false);
        for child in self.children(ix) {
            let instance = &self.state.steps[child];
            let handled = self.twins[instance.definition].is_some_and(|twin| self.new.definitions[twin].handles_failure);
            match instance.status {
                StepStatus::Failed if instance.is_part() || !handled => self.again(child),
                StepStatus::Cancelled | StepStatus::Skipped => self.again(child),
                _ => {}
            }
        }
    }

    /// A container that has ended goes on, and so does what is around it.
    fn go_on(&mut self, container: usize, anew: bool) {
        if container == ROOT || !self.state.steps[container].status.is_final() {
            return;
        }
        if let Some(whole) = self.loop_around(container).filter(|_| anew) {
            self.reset(whole, anew);
            return;
        }
        if self.resumes.insert(container) || anew {
            self.follow(container, anew);
            self.go_on(self.state.steps[container].parent, anew);
        }
    }

    /// The outermost loop around a step: its passes build on each other, so none of them is done again alone.
    fn loop_around(&self, ix: usize) -> Option<usize> {
        let mut found = None;
        let mut at = ix;
        while at != ROOT {
            let parent = self.state.steps[at].parent;
            if matches!(self.state.steps[at].role, Role::Pass(_)) {
                found = Some(parent);
            }
            at = parent;
        }
        found
    }

    fn reset(&mut self, ix: usize, anew: bool) {
        let ix = match self.loop_around(ix).filter(|_| anew) {
            Some(whole) if self.state.steps[whole].status.is_final() => whole,
            // The passes that a loop under way has made stay made.
            Some(_) if self.in_a_pass_that_has_ended(ix) => return,
            _ => ix,
        };
        if self.resets.get(&ix).is_some_and(|before| *before || !anew) {
            return;
        }
        self.resets.insert(ix, anew);
        self.follow(ix, anew);
        self.go_on(self.state.steps[ix].parent, anew);
    }

    fn in_a_pass_that_has_ended(&self, ix: usize) -> bool {
        let mut at = ix;
        while at != ROOT {
            if matches!(self.state.steps[at].role, Role::Pass(_)) && self.state.steps[at].status.is_final() {
                return true;
            }
            at = self.state.steps[at].parent;
        }
        false
    }

    /// What follows in the new workflow: what was skipped may run, and what took in a result that is made anew does.
    fn follow(&mut self, ix: usize, anew: bool) {
        let instance = &self.state.steps[ix];
        if instance.is_part() {
            return;
        }
        let Some(twin) = self.twins[instance.definition] else { return };
        let scope = &self.new.scopes[self.new.definitions[twin].scope];
        let siblings = self.children(instance.parent);
        let targets: Vec<usize> = scope.graph.outgoing[twin - scope.steps.start]
            .iter()
            .map(|edge| scope.steps.start + scope.graph.edges[*edge].to)
            .filter_map(|target| {
                siblings.iter().copied().find(|sibling| self.twins[self.state.steps[*sibling].definition] == Some(target))
            })
            .collect();
        for target in targets {
            let status = self.state.steps[target].status;
            if status == StepStatus::Skipped || (anew && status.is_final()) {
                self.reset(target, anew);
            }
        }
    }

    /// Whether something around it goes back to its beginning, so that it does, too.
    fn goes_with_another(&self, ix: usize) -> bool {
        let mut at = self.state.steps[ix].parent;
        while at != ROOT {
            if self.resets.contains_key(&at) || self.removed.contains(&at) {
                return true;
            }
            at = self.state.steps[at].parent;
        }
        false
    }

    fn events(&self, actor: &str, now_ms: i64) -> Vec<Event> {
        let mut events = Vec::new();
        let reset = |ix: usize, resume: bool, anew: bool| {
            let kind = StepReset { set: None, resume, anew };
            by(actor, now_ms, Some(&self.state.steps[ix].path), kind)
        };
        // The outer ones first, so that a container is open before what it contains.
        let on: Vec<usize> = self.resumes.iter().copied().filter(|ix| !self.goes_with_another(*ix)).collect();
        events.extend(on.into_iter().map(|ix| reset(ix, true, false)));
        let begun = |ix: &usize| !matches!(self.state.steps[*ix].status, StepStatus::Pending | StepStatus::Queued);
        let gone = self.removed.iter().copied().filter(|ix| begun(ix) && !self.goes_with_another(*ix));
        events.extend(gone.map(|ix| reset(ix, false, false)));
        let again = self.resets.iter().filter(|(ix, _)| !self.goes_with_another(**ix));
        events.extend(again.map(|(ix, anew)| reset(*ix, false, *anew)));
        if self.state.status.is_final() || !events.is_empty() {
            events.insert(0, by(actor, now_ms, None, RunTakenUp { reason: "amend".to_owned() }));
        }
        events
    }

    fn plan(&self, after: &RunState) -> RetryPlan {
        let reset = |ix: usize| self.resets.contains_key(&ix) || self.goes_with_another(ix);
        let stays = |ix: &usize| self.twins[self.state.steps[*ix].definition].is_some();
        let inside: Vec<usize> =
            self.state.in_order().into_iter().filter(|ix| self.goes_with_another(*ix) && stays(ix)).collect();
        let leaf = |ix: &usize| self.state.shape(*ix) == Shape::Leaf;
        let begun = |ix: &usize| reset(*ix) && leaf(ix) && !self.state.steps[*ix].attempts.is_empty();
        let repeats = self.state.in_order().into_iter().filter(|ix| begun(ix) && stays(ix)).collect();
        let mut runs = Vec::new();
        for ix in after.in_order().into_iter().filter(|ix| after.steps[*ix].status == StepStatus::Pending) {
            runs.push(ix);
            let within = |inner: &&usize| {
                let rest = after.steps[**inner].path.strip_prefix(&*after.steps[ix].path);
                rest.is_some_and(|rest| rest.starts_with(['.', '[', '#']))
            };
            runs.extend(inside.iter().filter(within).copied());
        }
        let mut seen = HashSet::new();
        runs.retain(|ix| seen.insert(*ix));
        let reused = after.in_order().into_iter().filter(|ix| after.steps[*ix].status == StepStatus::Succeeded).collect();
        RetryPlan { runs, reused, repeats, resets: self.resets.keys().copied().collect(), resumes: self.resumes.clone() }
    }
}
