//! What is certain when a step starts.

use std::collections::{HashSet, VecDeque};

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};

use super::Names;
use super::bits::Bits;
use super::edges;
use crate::codes;
use crate::decode::{BodySketch, Decoder, Need, ReadSite};
use crate::diagnostic::{Fix, Related};
use crate::expression::Read;
use crate::graph::{EdgeKind, Graph, Trigger};
use crate::model::Join;
use crate::text::Place;

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
            if reported.contains(&from)
                || succeeds_directly(graph, step.join, from, to)
                || the_last_left(body, names, graph, read, (from, to))
            {
                continue;
            }
            if !certain.get_or_insert_with(|| succeeded_before(body, graph, order)).contains(to, from) {
                let name = &read.reference.step;
                let message = format!(
                    "Step `{name}` may have been skipped or failed when `{}` starts, and then has no output. Guard the read: has(steps.{name}.output) ? … : …",
                    step.label
                );
                let reader = read.step.as_deref().unwrap_or(&step.path);
                let related = branch(decoder, body, graph, from);
                let fix = guard(decoder, read);
                let diagnostic = decoder.report_at(reader, &read.field, codes::MAYBE_SKIPPED, read.place, message);
                diagnostic.related.push(related);
                diagnostic.fixes.extend(fix);
                reported.push(from);
            }
        }
    }
}

/// Where it is decided whether a step runs: the nearest condition or port on the ways to it, else the step itself.
fn branch(decoder: &Decoder<'_>, body: &BodySketch<'_>, graph: &Graph, from: usize) -> Related {
    let mut seen = HashSet::from([from]);
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        let step = &body.steps[at];
        if let Some(when) = step.node.entry("when") {
            return decoder.related(when.key_place, format!("`{}` runs only when this is true.", step.label));
        }
        let named = |need: &&Need| need.port.as_deref().is_some_and(|port| port != "succeeded");
        if let Some((need, port)) = step.needs.iter().find(named).and_then(|need| Some((need, need.port.as_ref()?))) {
            let message = format!("`{}` runs only when `{}` ends on `{port}`.", step.label, need.step);
            return decoder.related(need.place, message);
        }
        queue.extend(graph.needs_of(at).map(|edge| edge.from).filter(|before| seen.insert(*before)));
    }
    let step = &body.steps[from];
    decoder.related(step.id_place, format!("`{}` is here; it may fail.", step.label))
}

/// The fix for an expression that is nothing but the read.
pub(super) fn guard(decoder: &Decoder<'_>, read: &ReadSite) -> Option<Fix> {
    let (before, behind) = decoder.text.split_at_checked(read.place.end)?;
    let open = before.rfind("${{")? + "${{".len();
    let close = read.place.end + behind.find("}}")?;
    let source = decoder.text[open..close].trim();
    let path = format!("steps.{}.output", read.reference.step);
    let rest = source.strip_prefix(&path)?;
    // Of a condition nothing may come but true or false.
    let condition = ["when", "choose", "loop", "on_error"].iter().any(|field| read.field.starts_with(field));
    let plain = rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    if condition || !plain || !(rest.is_empty() || rest.starts_with('.')) {
        return None;
    }
    let guarded = format!(" has({path}) ? {source} : null ");
    Some(decoder.replacement("Use null when there is no output", Place::new(open, close), guarded))
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

/// Whether one of the edges suffices for the step, and the expression asks whether the sources of all others have an output:
/// `has(steps.a.output) ? steps.a.output : steps.b.output`.
fn the_last_left(body: &BodySketch<'_>, names: &Names<'_>, graph: &Graph, read: &ReadSite, (from, to): (usize, usize)) -> bool {
    let asked = |source: usize| {
        let reads = edges::first(body, names, to);
        reads.iter().any(|(other, site)| *other == source && site.field == read.field && site.reference.read == Read::Settled)
    };
    body.steps[to].join == Join::Any
        && graph.needs_of(to).any(|edge| edge.from == from)
        && graph.needs_of(to).all(|edge| means_success(&edge.trigger) && (edge.from == from || asked(edge.from)))
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
