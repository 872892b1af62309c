//! What is certain when a step starts.

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};

use super::Names;
use super::bits::Bits;
use super::edges;
use crate::codes;
use crate::decode::{BodySketch, Decoder};
use crate::expression::Read;
use crate::graph::{EdgeKind, Graph, Trigger};
use crate::model::Join;

/// An order in which every edge leads forward; none when there is a cycle.
/// The steps, each after those that it waits for; none when they wait in a circle.
pub(crate) fn order(graph: &Graph) -> Option<Vec<usize>> {
    toposort(&directed(graph), None).ok().map(|order| order.into_iter().map(NodeIndex::index).collect())
}

pub(super) fn directed(graph: &Graph) -> DiGraph<(), (), usize> {
    let mut directed = DiGraph::with_capacity(graph.incoming.len(), graph.edges.len());
    for _ in &graph.incoming {
        directed.add_node(());
    }
    for edge in &graph.edges {
        directed.add_edge(NodeIndex::new(edge.from), NodeIndex::new(edge.to), ());
    }
    directed
}

/// Warns of reads whose step may have no output when the reader starts.
pub(super) fn maybe_skipped(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, names: &Names<'_>, graph: &Graph, order: &[usize]) {
    let mut certain = None;
    for (to, step) in body.steps.iter().enumerate() {
        let mut reported: Vec<usize> = Vec::new();
        for (from, read) in edges::first(body, names, to).into_iter().filter(|(_, read)| read.reference.read == Read::Output) {
            if reported.contains(&from) || succeeds_directly(graph, step.join, from, to) {
                continue;
            }
            if !certain.get_or_insert_with(|| succeeded_before(body, graph, order)).contains(to, from) {
                let name = &read.reference.step;
                let message = format!(
                    "Step `{name}` may have been skipped or failed when `{}` starts, and then has no output. Guard the read: has(steps.{name}.output) ? … : …",
                    step.label
                );
                let reader = read.step.as_deref().unwrap_or(&step.path);
                decoder.report_at(reader, &read.field, codes::MAYBE_SKIPPED, read.place, message);
                reported.push(from);
            }
        }
    }
}

fn means_success(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Success => true,
        Trigger::Port(port) => port != "failed",
        Trigger::Settled => false,
    }
}

/// The common case, without looking at the whole graph.
fn succeeds_directly(graph: &Graph, join: Join, from: usize, to: usize) -> bool {
    let written = graph.needs_of(to).count();
    graph.incoming[to].iter().map(|edge| &graph.edges[*edge]).any(|edge| {
        let required = edge.kind == EdgeKind::Implied || join == Join::All || written == 1;
        edge.from == from && required && means_success(&edge.trigger)
    })
}

/// For every step, the steps that have certainly succeeded when it starts.
fn succeeded_before(body: &BodySketch<'_>, graph: &Graph, order: &[usize]) -> Bits {
    let mut certain = Bits::new(order.len());
    for step in order.iter().copied() {
        let needs: Vec<_> = graph.needs_of(step).collect();
        let all = match body.steps[step].join {
            Join::All => true,
            Join::AtLeast(count) => count as usize >= needs.len(),
            Join::Any | Join::First => needs.len() <= 1,
        };
        let mut common: Option<Vec<u64>> = None;
        for edge in needs {
            let mut members = certain.row(edge.from).to_vec();
            if means_success(&edge.trigger) {
                members[edge.from / 64] |= 1 << (edge.from % 64);
            }
            common = Some(match common {
                None => members,
                Some(before) => {
                    let merge = |(a, b): (u64, u64)| if all { a | b } else { a & b };
                    before.into_iter().zip(members).map(merge).collect()
                }
            });
        }
        if let Some(common) = common {
            certain.add(step, &common);
        }
        for edge in graph.incoming[step].iter().map(|edge| &graph.edges[*edge]) {
            if edge.kind == EdgeKind::Implied && edge.trigger == Trigger::Success {
                certain.add_row(step, edge.from);
                certain.insert(step, edge.from);
            }
        }
    }
    certain
}
