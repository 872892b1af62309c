//! A workflow prepared for running: its steps by path, and facts that every fold needs.

use std::collections::HashMap;

use loomwork_workflow::{EdgeKind, Trigger, Workflow};

/// A workflow prepared for running.
#[derive(Debug)]
pub struct Program {
    /// The workflow.
    pub workflow: Workflow,
    /// Hash of its text.
    pub definition: String,
    index: HashMap<String, usize>,
    handles_failure: Vec<bool>,
    incoming: Vec<(u32, u32)>,
}

impl Program {
    /// Prepares a workflow; `definition` is the hash of its text.
    pub fn new(workflow: Workflow, definition: String) -> Self {
        let index = workflow.steps.iter().enumerate().map(|(ix, step)| (step.id.clone(), ix)).collect();
        let mut handles_failure = vec![false; workflow.steps.len()];
        let mut incoming = vec![(0, 0); workflow.steps.len()];
        for edge in &workflow.graph.edges {
            match edge.kind {
                EdgeKind::Needs => incoming[edge.to].0 += 1,
                EdgeKind::Implied => incoming[edge.to].1 += 1,
            }
            if edge.kind == EdgeKind::Needs && edge.trigger == Trigger::Port("failed".to_owned()) {
                handles_failure[edge.from] = true;
            }
        }
        Self { workflow, definition, index, handles_failure, incoming }
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.workflow.steps.len()
    }

    /// Whether there are no steps.
    pub fn is_empty(&self) -> bool {
        self.workflow.steps.is_empty()
    }

    /// Index of the step with a path.
    pub fn step(&self, path: &str) -> Option<usize> {
        self.index.get(path).copied()
    }

    /// Path of a step.
    pub fn path(&self, step: usize) -> &str {
        &self.workflow.steps[step].id
    }

    /// Number of edges into a step: those of its `needs`, and the implied ones.
    pub fn incoming(&self, step: usize) -> (u32, u32) {
        self.incoming[step]
    }

    /// Whether an edge leaves the step's port `failed`.
    pub fn handles_failure(&self, step: usize) -> bool {
        self.handles_failure[step]
    }
}
