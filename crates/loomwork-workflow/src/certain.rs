//! Which steps every run of a workflow comes to, as long as nothing fails.

use std::collections::HashSet;

use crate::graph::Trigger;
use crate::model::{Action, Body, Workflow};

impl Workflow {
    /// Whether nothing decides about the step at a path: no condition, no named port, no repetition, on it, on the groups
    /// around it, or on what leads to it. False for a step that is not there.
    #[must_use]
    pub fn always_runs(&self, path: &str) -> bool {
        let mut body = Some(&self.body);
        path.split('.').all(|id| {
            let Some(scope) = body.take() else { return false };
            let Some(at) = scope.steps.iter().position(|step| step.id == id) else { return false };
            if let Action::Group(group) = &scope.steps[at].action {
                body = Some(&group.body);
            }
            !decided(scope, at)
        })
    }
}

fn decided(body: &Body, at: usize) -> bool {
    let mut seen = HashSet::from([at]);
    let mut left = vec![at];
    while let Some(at) = left.pop() {
        let step = &body.steps[at];
        if step.when.is_some() || step.repeat.is_some() {
            return true;
        }
        for edge in body.graph.incoming[at].iter().map(|edge| &body.graph.edges[*edge]) {
            match &edge.trigger {
                Trigger::Port(port) if port != "succeeded" => return true,
                _ if seen.insert(edge.from) => left.push(edge.from),
                _ => {}
            }
        }
    }
    false
}
