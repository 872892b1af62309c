//! A run goes on with another definition: its instances find themselves in it again by their paths.
//!
//! Invariant: what is under way keeps the definition with which it began. What the new definition has not is gone from
//! the run (its history stays), what only the new one has is pending.
//!
//! Not here: what is done again because of it (`amend`).

use std::collections::HashSet;
use std::sync::Arc;

use loomwork_workflow::Step;

use crate::event::RunAmended;
use crate::state::ROOT;
use crate::{ApplyError, Program, Role, RunState, Shape, StepStatus};

/// The definition with which something under way began.
#[derive(Debug, Clone)]
pub(crate) struct Former {
    program: Arc<Program>,
    definition: usize,
}

impl PartialEq for Former {
    fn eq(&self, other: &Self) -> bool {
        self.program.definition == other.program.definition && self.definition == other.definition
    }
}

/// Whether something of a step goes on at this moment that cannot be given another definition.
pub(crate) fn under_way(status: StepStatus) -> bool {
    use StepStatus::{Compensating, NeedsApproval, Retrying, Running, Waiting};
    matches!(status, Running | Retrying | Waiting | NeedsApproval | Compensating)
}

impl RunState {
    /// Makes a definition known: an event with its hash may follow.
    pub fn know(&mut self, program: Arc<Program>) {
        self.known.insert(program.definition.clone(), program);
    }

    /// The step as it is for an instance: what is under way keeps the definition with which it began.
    pub(crate) fn step_of(&self, ix: usize) -> &Step {
        match &self.steps[ix].former {
            Some(former) => &former.program.definitions[former.definition].step,
            None => &self.definition(ix).step,
        }
    }

    /// What began with a definition that the run has left since: the instance, the definition, the step in it.
    pub(crate) fn formers(&self) -> impl Iterator<Item = (usize, String, usize)> {
        let former = |(ix, step): (usize, &crate::Instance)| {
            step.former.as_ref().map(|former| (ix, former.program.definition.clone(), former.definition))
        };
        self.steps.iter().enumerate().filter_map(former)
    }

    /// The definition with which an instance began. One that does not have the step, or an instance that is not there,
    /// changes nothing.
    pub(crate) fn set_former(&mut self, ix: usize, program: Arc<Program>, definition: usize) {
        if let Some(step) = self.steps.get_mut(ix).filter(|_| definition < program.len()) {
            step.former = Some(Box::new(Former { program, definition }));
        }
    }

    pub(crate) fn rebase(&mut self, data: &RunAmended) -> Result<(), ApplyError> {
        let Some(program) = self.known.remove(&data.definition) else {
            return Err(ApplyError::UnknownDefinition { definition: data.definition.clone() });
        };
        let kept: Vec<usize> = (1..self.steps.len())
            .filter(|ix| self.steps[*ix].attached && under_way(self.steps[*ix].status) && self.shape(*ix) == Shape::Leaf)
            .collect();
        let old = std::mem::replace(&mut self.program, program);
        for ix in kept {
            let definition = self.steps[ix].definition;
            self.steps[ix].former.get_or_insert_with(|| Box::new(Former { program: Arc::clone(&old), definition }));
        }
        self.version.clone_from(&self.program.workflow.version);
        if let Some(path) = &data.path {
            self.path.clone_from(path);
        }
        if let Some(inputs) = &data.inputs {
            self.inputs = inputs.clone();
        }
        if let Some(env) = &data.env {
            self.env = env.clone();
        }
        self.rebase_scope(ROOT, 0);
        self.count_again();
        self.revisit_all();
        Ok(())
    }

    /// The children of a container that does the steps of a scope.
    fn rebase_scope(&mut self, container: usize, scope: usize) {
        let Some(inner) = &mut self.steps[container].inner else { return };
        let before: HashSet<usize> = std::mem::take(&mut inner.children).into_iter().collect();
        let mut left = before.clone();
        let program = Arc::clone(&self.program);
        let base = Arc::clone(&self.steps[container].path);
        for definition in program.scopes[scope].steps.clone() {
            let id = &program.definitions[definition].step.id;
            let path = if base.is_empty() { id.clone() } else { format!("{base}.{id}") };
            let known = self.index.get(path.as_str()).copied().filter(|ix| before.contains(ix));
            let Some(ix) = known else {
                self.attach(definition, Role::Step, container, &path);
                continue;
            };
            left.remove(&ix);
            self.steps[ix].definition = definition;
            if let Some(inner) = &mut self.steps[container].inner {
                inner.children.push(ix);
            }
            self.rebase_inside(ix);
        }
        let mut left: Vec<usize> = left.into_iter().collect();
        left.sort_unstable();
        for ix in left {
            self.detach_children(ix);
            self.steps[ix].reset();
            self.steps[ix].attached = false;
        }
    }

    /// What a step contains, whose definition has just been replaced.
    fn rebase_inside(&mut self, ix: usize) {
        let Some(inner) = &self.steps[ix].inner else { return };
        let children = inner.children.clone();
        let parts = children.first().map(|first| self.steps[*first].is_part());
        match self.shape(ix) {
            Shape::Scope(scope) if parts != Some(true) => self.rebase_scope(ix, scope),
            Shape::Each | Shape::Loop if parts != Some(false) => {
                for part in children {
                    self.steps[part].definition = self.steps[ix].definition;
                    self.rebase_inside(part);
                }
            }
            // It was something else; what it contained is no part of it any more.
            _ => {
                self.detach_children(ix);
                self.steps[ix].inner = None;
            }
        }
    }

    /// Counts everything that is kept by counting: steps, failures and edges may all have changed.
    fn count_again(&mut self) {
        self.open = 0;
        self.busy = 0;
        for ix in 1..self.steps.len() {
            if !self.steps[ix].attached {
                continue;
            }
            // It is queued for an action that may be another one now.
            if self.steps[ix].status == StepStatus::Queued {
                self.steps[ix].status = StepStatus::Pending;
            }
            let status = self.steps[ix].status;
            self.open += usize::from(!status.is_final());
            self.busy += usize::from(status == StepStatus::Running && self.shape(ix) == Shape::Leaf);
        }
        for ix in 0..self.steps.len() {
            if self.steps[ix].attached && self.steps[ix].inner.is_some() {
                self.count_children(ix);
                self.recount_edges(ix);
            }
        }
        self.count_waits();
        self.stopped_by = self.stopped_by.filter(|first| self.failures().contains(first));
    }

    fn count_children(&mut self, container: usize) {
        let Some(mut inner) = self.steps[container].inner.take() else { return };
        let status = |ix: &usize| self.steps[*ix].status;
        let count = |wanted: &dyn Fn(StepStatus) -> bool| {
            u32::try_from(inner.children.iter().filter(|ix| wanted(status(ix))).count()).unwrap_or(u32::MAX)
        };
        use StepStatus::{Compensated, Compensating, Failed, Pending, Succeeded};
        let open = count(&|status| !status.is_final());
        let active = count(&|status| !status.is_final() && status != Pending);
        let succeeded = count(&|status| matches!(status, Succeeded | Compensating | Compensated));
        let unhandled = |ix: &usize| status(ix) == Failed && (self.steps[*ix].is_part() || !self.definition(*ix).handles_failure);
        let mut failures: Vec<usize> =
            inner.failures.iter().copied().filter(|ix| inner.children.contains(ix) && unhandled(ix)).collect();
        let more: Vec<usize> = inner.children.iter().copied().filter(|ix| unhandled(ix) && !failures.contains(ix)).collect();
        failures.extend(more);
        (inner.open, inner.active, inner.succeeded, inner.failures) = (open, active, succeeded, failures);
        inner.held.clear();
        self.steps[container].inner = Some(inner);
    }
}
