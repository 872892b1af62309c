//! How complex a workflow is, by measures that have names.

use crate::{Action, Body, Repeat, Step};

/// Measures of a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Complexity {
    /// McCabe's cyclomatic number (1976) of the control-flow graph, `E - N + 2`: the number of independent ways through it.
    /// Each scope has a node where it begins and one where it ends, a group is replaced by its steps, and a repetition or a
    /// condition `when` is one edge more.
    pub cyclomatic: u64,
    /// Steps, groups too.
    pub steps: u64,
    /// Places where a value or a person decides how it goes on: `choose`, `approve`, `first_of`, `when`, and loops with a
    /// condition.
    pub decisions: u64,
    /// How deep groups are nested; 1 without any.
    pub depth: u64,
}

/// Measures a scope and those inside it.
pub(super) fn of(body: &Body) -> Complexity {
    let count = body.steps.len() as u64;
    let without = |edges: &[Vec<usize>]| edges.iter().filter(|edges| edges.is_empty()).count() as u64;
    let (sources, sinks) = (without(&body.graph.incoming), without(&body.graph.outgoing));
    let edges = body.graph.edges.len() as u64 + sources + sinks;
    let mut total = Complexity { cyclomatic: (edges + 2).saturating_sub(count + 2).max(1), steps: count, decisions: 0, depth: 1 };
    for step in &body.steps {
        total.cyclomatic += u64::from(step.when.is_some()) + u64::from(step.repeat.is_some());
        total.decisions += decisions(step);
        if let Action::Group(group) = &step.action {
            let inner = of(&group.body);
            total.cyclomatic += inner.cyclomatic - 1;
            total.steps += inner.steps;
            total.decisions += inner.decisions;
            total.depth = total.depth.max(inner.depth + 1);
        }
    }
    total
}

fn decisions(step: &Step) -> u64 {
    let by_action = matches!(step.action, Action::Choose(_) | Action::Approve(_) | Action::FirstOf(_));
    let by_loop = matches!(&step.repeat, Some(Repeat::Loop(each)) if each.while_.is_some() || each.until.is_some() || each.break_when.is_some());
    u64::from(by_action) + u64::from(by_loop) + u64::from(step.when.is_some())
}
