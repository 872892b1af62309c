//! Names the cycles of a graph that has some.

use std::collections::{HashMap, HashSet, VecDeque};

use petgraph::algo::tarjan_scc;
use petgraph::graph::NodeIndex;

use super::flow::directed;
use crate::codes;
use crate::decode::{BodySketch, Decoder};
use crate::diagnostic::Related;
use crate::graph::{EdgeKind, Graph};

/// Most edges of a cycle that are shown one by one.
const MAX_EDGES_SHOWN: usize = 20;

/// Reports one cycle of every knot of steps that wait for each other.
pub(super) fn report(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, graph: &Graph) {
    let mut knots: Vec<Vec<usize>> = tarjan_scc(&directed(graph))
        .into_iter()
        .map(|knot| knot.into_iter().map(NodeIndex::index).collect::<Vec<_>>())
        .filter(|knot| {
            knot.len() > 1
                || knot.first().is_some_and(|step| graph.outgoing[*step].iter().any(|edge| graph.edges[*edge].to == *step))
        })
        .collect();
    knots.sort_by_key(|knot| knot.iter().min().copied());
    for knot in knots {
        let cycle = shortest_through_first(graph, &knot);
        let first = cycle[0];
        let step = &body.steps[first];
        // The edge that enters the first step closes the circle: it is the one to show.
        let before = cycle[cycle.len() - 1];
        let need = step.needs.iter().find(|need| need.step == body.steps[before].label);
        let read = step.reads.iter().chain(&step.escaped).find(|read| read.reference.step == body.steps[before].label);
        let (place, field) = match (need, read) {
            (Some(need), _) => (need.place, "needs"),
            (None, Some(read)) => (read.place, read.field.as_str()),
            (None, None) => (step.id_place, "id"),
        };
        let names: Vec<String> = cycle.iter().chain([&first]).map(|step| format!("`{}`", body.steps[*step].label)).collect();
        let implied = cycle.iter().zip(cycle.iter().skip(1).chain([&first])).any(|(from, to)| {
            graph.outgoing[*from]
                .iter()
                .map(|edge| &graph.edges[*edge])
                .any(|edge| edge.to == *to && edge.kind == EdgeKind::Implied)
        });
        let how = if implied { "through `needs` and expressions" } else { "through `needs`" };
        let related = around(decoder, body, &cycle);
        let message =
            format!("These steps wait for each other in a cycle, {how}: {}. Remove one of the edges.", names.join(" → "));
        let fix = need.and_then(|need| decoder.without_item(step.node.get("needs")?, need.place, "Remove this edge"));
        let diagnostic = decoder.report_at(&step.path, field, codes::CYCLE, place, message);
        diagnostic.related = related;
        diagnostic.fixes.extend(fix);
    }
}

/// Each edge of a cycle, at the place that draws it.
fn around(decoder: &Decoder<'_>, body: &BodySketch<'_>, cycle: &[usize]) -> Vec<Related> {
    let pairs = cycle.iter().zip(cycle.iter().skip(1).chain(cycle.first()));
    let edges = pairs.take(MAX_EDGES_SHOWN).map(|(from, to)| {
        let (from, to) = (&body.steps[*from], &body.steps[*to]);
        let need = to.needs.iter().find(|need| need.step == from.label).map(|need| need.place);
        let read = || to.reads.iter().chain(&to.escaped).find(|read| read.reference.step == from.label).map(|read| read.place);
        let place = need.or_else(read).unwrap_or(to.id_place);
        decoder.related(place, format!("`{}` waits for `{}` here.", to.label, from.label))
    });
    edges.collect()
}

/// A shortest cycle through the first step of a knot in the order of the file.
fn shortest_through_first(graph: &Graph, knot: &[usize]) -> Vec<usize> {
    let members: HashSet<usize> = knot.iter().copied().collect();
    let start = knot.iter().copied().min().unwrap_or(0);
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(step) = queue.pop_front() {
        for edge in graph.outgoing[step].iter().map(|edge| &graph.edges[*edge]) {
            if edge.to == start {
                let mut cycle = vec![step];
                while let Some(before) = came_from.get(&cycle[cycle.len() - 1]) {
                    cycle.push(*before);
                }
                cycle.reverse();
                return cycle;
            }
            if members.contains(&edge.to) && edge.to != start && !came_from.contains_key(&edge.to) {
                came_from.insert(edge.to, step);
                queue.push_back(edge.to);
            }
        }
    }
    vec![start]
}
