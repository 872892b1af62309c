//! How steps hang together: edges, references, cycles, joins.
//!
//! Invariant: the graph's indices are those of the sketch's steps, and every edge of it ends at steps that exist.

mod bits;
mod cycle;
mod edges;
mod flow;
mod joins;
mod misnamed;
mod sometimes;
mod timeouts;
mod written;

use std::sync::Arc;

use indexmap::IndexMap;

use crate::decode::{BodySketch, Decoder, Draft, Ports, ReadSite, Sketch};
use crate::graph::{EdgeKind, Graph, GraphEdge};
use crate::yaml::Node;

pub(crate) use flow::order;

/// Steps by id: those of a scope, and those of the scopes around it, where the inner one wins.
pub(crate) struct Names<'o> {
    own: IndexMap<&'o str, usize>,
    outer: Option<&'o Names<'o>>,
}

impl Names<'_> {
    /// The step of this scope.
    fn get(&self, id: &str) -> Option<usize> {
        self.own.get(id).copied()
    }

    /// Whether a scope around this one has the step.
    fn outside(&self, id: &str) -> bool {
        self.outer.is_some_and(|outer| outer.own.contains_key(id) || outer.outside(id))
    }

    fn nearest(&self, id: &str, not: Option<&str>) -> Option<String> {
        let own = self.own.keys().copied().filter(|known| not != Some(*known));
        crate::nearest(id, own).or_else(|| self.outer.and_then(|outer| outer.nearest(id, None)))
    }
}

/// Finds the edges of all scopes, and reports what is wrong with them.
pub(crate) fn check(decoder: &mut Decoder<'_>, sketch: &mut Sketch<'_>) {
    scope(decoder, &mut sketch.body, None, sketch.outputs_node);
    timeouts::check(decoder, sketch);
}

/// Finds the edges of a scope and of those inside it, unless they are known; gives the reads that lead out of it.
fn scope(
    decoder: &mut Decoder<'_>,
    body: &mut BodySketch<'_>,
    outer: Option<&Names<'_>>,
    outputs: Option<&Node>,
) -> Vec<ReadSite> {
    let said = decoder.diagnostics.len();
    misnamed::complete(decoder, body, outputs);
    inside(decoder, body, outer);
    let named = body.steps.iter().enumerate().filter(|(_, step)| step.named);
    let names = Names { own: named.map(|(at, step)| (step.label.as_str(), at)).collect(), outer };
    let steps = body.steps.len();
    let mut graph = Graph { edges: Vec::new(), incoming: vec![Vec::new(); steps], outgoing: vec![Vec::new(); steps] };
    edges::needs(decoder, body, &names, &mut graph);
    let escaped = edges::references(decoder, body, &names);
    edges::cancels(decoder, body, &names);
    let written = flow::order(&graph);
    edges::implied(body, &names, &mut graph, written.as_deref());
    let order = flow::order(&graph);
    // Of steps that wait for each other through their reads, the written edges are still looked at.
    let never = joins::check(decoder, body, &names, &graph, order.as_deref().or(written.as_deref()));
    match order {
        Some(order) => {
            flow::maybe_skipped(decoder, body, &names, &graph, &order);
            written::implied(decoder, body, &names, &graph, &never);
        }
        None => cycle::report(decoder, body, &graph),
    }
    // The fixes of steps without a name of their own are completed each time.
    body.settled = decoder.diagnostics.len() == said && body.steps.iter().all(|step| step.named);
    body.graph = Arc::new(graph);
    escaped
}

/// The scopes inside a scope. What is known of one is still so when what it reads outside of itself is still there.
fn inside(decoder: &mut Decoder<'_>, body: &mut BodySketch<'_>, outer: Option<&Names<'_>>) {
    if body.steps.iter().all(|step| step.body.is_none()) {
        return;
    }
    let named = body.steps.iter().enumerate().filter(|(_, step)| step.named);
    let own: IndexMap<String, usize> = named.map(|(at, step)| (step.label.clone(), at)).collect();
    let names = Names { own: own.iter().map(|(label, at)| (label.as_str(), *at)).collect(), outer };
    for step in &mut body.steps {
        let Draft { body: Some(inner), escaped, node, own } = step else { continue };
        let there = |read: &ReadSite| names.get(&read.reference.step).is_some() || names.outside(&read.reference.step);
        if !(inner.settled && escaped.iter().all(there)) {
            own.whole = None;
            *escaped = scope(decoder, inner, Some(&names), node.get("outputs"));
        }
    }
}

impl Graph {
    pub(crate) fn add(&mut self, edge: GraphEdge) {
        let index = self.edges.len();
        self.incoming[edge.to].push(index);
        self.outgoing[edge.from].push(index);
        self.edges.push(edge);
    }

    /// The edges of `needs` that enter a step.
    pub(crate) fn needs_of(&self, step: usize) -> impl Iterator<Item = &GraphEdge> {
        self.incoming[step].iter().map(|edge| &self.edges[*edge]).filter(|edge| edge.kind == EdgeKind::Needs)
    }
}

impl Ports {
    pub(crate) fn has(&self, port: &str) -> bool {
        match self {
            Self::Known(ports) => port == "failed" || ports.iter().any(|known| known == port),
            Self::Unknown => true,
        }
    }
}
