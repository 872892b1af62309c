//! How steps hang together: edges, references, cycles, joins.
//!
//! Invariant: the graph's indices are those of the sketch's steps, and every edge of it ends at steps that exist.

mod bits;
mod cycle;
mod edges;
mod flow;
mod joins;

use std::collections::HashMap;

use crate::codes;
use crate::decode::{Decoder, Ports, Sketch};
use crate::graph::{EdgeKind, Graph, GraphEdge};

/// Steps by id.
pub(crate) type Ids<'s> = HashMap<&'s str, usize>;

/// Finds the edges, and reports what is wrong with them.
pub(crate) fn check(decoder: &mut Decoder<'_>, sketch: &Sketch<'_>) -> Graph {
    let ids: Ids<'_> =
        sketch.steps.iter().enumerate().filter(|(_, step)| step.named).map(|(at, step)| (step.label.as_str(), at)).collect();
    let mut graph = Graph {
        edges: Vec::new(),
        incoming: vec![Vec::new(); sketch.steps.len()],
        outgoing: vec![Vec::new(); sketch.steps.len()],
    };
    edges::needs(decoder, sketch, &ids, &mut graph);
    edges::references(decoder, sketch, &ids);
    joins::check(decoder, sketch, &graph);
    let written = flow::order(&graph);
    edges::implied(decoder, sketch, &ids, &mut graph, written.as_deref());
    match flow::order(&graph) {
        Some(order) => flow::maybe_skipped(decoder, sketch, &ids, &graph, &order),
        None => cycle::report(decoder, sketch, &graph),
    }
    timeouts(decoder, sketch);
    graph
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

fn timeouts(decoder: &mut Decoder<'_>, sketch: &Sketch<'_>) {
    let Some(limit) = sketch.timeout_ms else {
        return;
    };
    for step in &sketch.steps {
        if let Some((_, place)) = step.timeout.filter(|(ms, _)| *ms > limit) {
            let message = format!("The workflow's own timeout ({}) ends the run before this one.", crate::format_duration(limit));
            decoder.report_at(&step.label, "timeout", codes::LONG_TIMEOUT, place, message);
        }
    }
}
