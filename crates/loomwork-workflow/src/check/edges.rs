//! The edges that `needs` writes, and those that expressions imply.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Names;
use super::bits::Bits;
use crate::codes;
use crate::decode::{BodySketch, Decoder, Draft, Need, Ports, Purpose, ReadSite};
use crate::expression::Read;
use crate::graph::{EdgeKind, Graph, GraphEdge, Trigger};
use crate::model::Join;
use crate::text::Place;

pub(super) fn needs(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, names: &Names<'_>, graph: &mut Graph) {
    for (to, step) in body.steps.iter().enumerate() {
        let mut seen = HashMap::new();
        for need in &step.needs {
            let Some(from) = source(decoder, body, names, step, need) else {
                continue;
            };
            match seen.entry((from, need.port.as_deref())) {
                Entry::Vacant(vacant) => drop(vacant.insert(need.place)),
                Entry::Occupied(first) => {
                    twice(decoder, step, "needs", (&written(need), *first.get(), need.place));
                    continue;
                }
            }
            let trigger = need.port.clone().map_or(Trigger::Success, Trigger::Port);
            graph.add(GraphEdge { from, to, trigger, kind: EdgeKind::Needs });
        }
        at_least(decoder, step);
    }
}

/// Reports an item of a list of steps that stood there before.
fn twice(decoder: &mut Decoder<'_>, step: &Draft<'_>, list: &str, (item, first, place): (&str, Place, Place)) {
    let message = format!("`{item}` stands here twice; remove one.");
    let related = decoder.related(first, "The first one is here.");
    let fix = step.node.get(list).and_then(|list| decoder.without_item(list, place, "Remove this one"));
    let diagnostic = decoder.report_at(&step.path, list, codes::DUPLICATE_NEED, place, message);
    diagnostic.related.push(related);
    diagnostic.fixes.extend(fix);
}

fn source(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, names: &Names<'_>, step: &Draft<'_>, need: &Need) -> Option<usize> {
    let Some(from) = names.get(&need.step) else {
        let nearest = crate::nearest(&need.step, names.own.keys().copied().filter(|id| *id != step.label));
        let message = match &nearest {
            _ if names.outside(&need.step) => format!(
                "Step `{}` is outside this group: `needs` names steps of its own scope only. Put the edge on the group.",
                need.step
            ),
            Some(nearest) => format!("There is no step `{}`. Did you mean `{nearest}`?", need.step),
            None => format!("There is no step `{}`.", need.step),
        };
        let fix = nearest.filter(|_| !names.outside(&need.step)).map(|nearest| {
            let port = need.port.as_ref().map_or_else(String::new, |port| format!(".{port}"));
            decoder.replacement(format!("Change to `{nearest}`"), need.place, format!("{nearest}{port}"))
        });
        decoder.report_at(&step.path, "needs", codes::UNKNOWN_STEP, need.place, message).fixes.extend(fix);
        return None;
    };
    let ports = &body.steps[from].ports;
    if let Some(port) = &need.port
        && !ports.has(port)
    {
        unknown_port(decoder, step, need, port, &body.steps[from]);
        return None;
    }
    Some(from)
}

fn unknown_port(decoder: &mut Decoder<'_>, step: &Draft<'_>, need: &Need, port: &str, source: &Draft<'_>) {
    let Ports::Known(known) = &source.ports else { return };
    let all: Vec<&str> = known.iter().map(String::as_str).chain(["failed"]).collect();
    let nearest = crate::nearest(port, all.iter().copied());
    let message = format!("Step `{}` has no port `{port}`; it has {}.", need.step, all.join(", "));
    let fix = nearest.map(|nearest| {
        decoder.replacement(format!("Change to `{}.{nearest}`", need.step), need.place, format!("{}.{nearest}", need.step))
    });
    let related = decoder.related(source.id_place, format!("`{}` is here; its ports come from its action.", need.step));
    let diagnostic = decoder.report_at(&step.path, "needs", codes::UNKNOWN_PORT, need.place, message);
    diagnostic.fixes.extend(fix);
    diagnostic.related.push(related);
}

fn written(need: &Need) -> String {
    need.port.as_ref().map_or_else(|| need.step.clone(), |port| format!("{}.{port}", need.step))
}

fn at_least(decoder: &mut Decoder<'_>, step: &Draft<'_>) {
    if let (Join::AtLeast(count), Some(place)) = (step.join, step.join_place)
        && count as usize > step.needs.len()
    {
        let drawn = step.needs.len();
        let message = format!("The join asks for {count} edges, but `needs` draws {drawn}. Lower the number or add edges.");
        let number = step.node.get("join").and_then(|join| join.get("at_least")).filter(|_| drawn > 0);
        let fix = number.map(|node| decoder.replacement(format!("Lower it to {drawn}"), node.place, drawn.to_string()));
        let related = step.node.entry("needs").map(|needs| decoder.related(needs.key_place, "The edges are drawn here."));
        let diagnostic = decoder.report_at(&step.path, "join", codes::BAD_JOIN, place, message);
        diagnostic.fixes.extend(fix);
        diagnostic.related.extend(related);
    }
}

/// Reports `cancel` of steps that this scope does not have, and of one step twice.
pub(super) fn cancels(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, names: &Names<'_>) {
    for step in &body.steps {
        let mut seen = HashMap::new();
        for cancelled in &step.cancels {
            let message = match names.get(&cancelled.step) {
                Some(_) if cancelled.step == step.label => "A step cannot cancel itself.".to_owned(),
                Some(_) => {
                    match seen.entry(cancelled.step.as_str()) {
                        Entry::Vacant(vacant) => drop(vacant.insert(cancelled.place)),
                        Entry::Occupied(first) => {
                            twice(decoder, step, "cancel", (&cancelled.step, *first.get(), cancelled.place));
                        }
                    }
                    continue;
                }
                None if names.outside(&cancelled.step) => {
                    format!("Step `{}` is outside this group: `cancel` names steps of its own scope only.", cancelled.step)
                }
                None => format!("There is no step `{}` in this scope.", cancelled.step),
            };
            let free = |id: &&str| *id != step.label && step.cancels.iter().all(|other| other.step != *id);
            let nearest = names
                .get(&cancelled.step)
                .is_none()
                .then(|| crate::nearest(&cancelled.step, names.own.keys().copied().filter(free)));
            let fix =
                nearest.flatten().map(|nearest| decoder.replacement(format!("Change to `{nearest}`"), cancelled.place, nearest));
            decoder.report_at(&step.path, "cancel", codes::UNKNOWN_STEP, cancelled.place, message).fixes.extend(fix);
        }
    }
}

/// Reports reads of steps that do not exist; gives the reads of steps of the scopes around this one.
pub(super) fn references(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, names: &Names<'_>) -> Vec<ReadSite> {
    let mut escaped = Vec::new();
    let of_steps = body.steps.iter().flat_map(|step| step.reads.iter().chain(&step.escaped).map(move |read| (Some(step), read)));
    let of_outputs = body.output_reads.iter().map(|read| (None, read));
    for (step, read) in of_steps.chain(of_outputs) {
        let name = &read.reference.step;
        let (code, message, fix, related) = match names.get(name) {
            None if names.outside(name) => {
                escaped.push(read.clone());
                continue;
            }
            None => unknown_step(decoder, body, names, read),
            Some(_) if step.is_some_and(|step| step.label == *name) && read.purpose == Purpose::Run => {
                let message = format!("Step `{name}` cannot read itself: it would have to end before it starts, a cycle.");
                (codes::CYCLE, message, None, None)
            }
            Some(_) => continue,
        };
        let diagnostic = decoder.report(code, read.place, message);
        diagnostic.step.clone_from(&read.step);
        diagnostic.field = Some(read.field.clone());
        diagnostic.fixes.extend(fix);
        diagnostic.related.extend(related);
    }
    escaped
}

type Problem = (codes::Code, String, Option<crate::Fix>, Option<crate::Related>);

fn unknown_step(decoder: &Decoder<'_>, body: &BodySketch<'_>, names: &Names<'_>, read: &ReadSite) -> Problem {
    let name = &read.reference.step;
    let has = |step: &Draft<'_>| {
        let inner = step.body.as_ref()?.steps.iter().find(|step| step.label == *name)?;
        Some(inner.id_place)
    };
    if let Some((group, inner)) = body.steps.iter().find_map(|step| Some((step, has(step)?))) {
        let message = format!(
            "Step `{name}` is inside the group `{0}` and cannot be seen from here: read `steps.{0}.output`, and say in the group's `outputs` what it gives back.",
            group.label
        );
        let related = decoder.related(inner, format!("`{name}` is here, inside `{}`.", group.label));
        return (codes::UNKNOWN_STEP, message, None, Some(related));
    }
    let nearest = names.nearest(name, None);
    let message = match &nearest {
        Some(nearest) => format!("There is no step `{name}`. Did you mean `{nearest}`?"),
        None => format!("There is no step `{name}`."),
    };
    let exact = read.place.slice(decoder.text) == name;
    let fix = nearest.filter(|_| exact).map(|nearest| decoder.replacement(format!("Change to `{nearest}`"), read.place, nearest));
    (codes::UNKNOWN_STEP, message, fix, None)
}

/// The reads for which the steps that are read come first: a compensation's do not, nor what a step reads of itself.
pub(super) fn first<'b>(body: &'b BodySketch<'_>, names: &Names<'_>, to: usize) -> Vec<(usize, &'b ReadSite)> {
    let step = &body.steps[to];
    let reads = step.reads.iter().chain(&step.escaped).filter(|read| read.purpose != Purpose::Undo);
    reads.filter_map(|read| Some((names.get(&read.reference.step).filter(|from| *from != to)?, read))).collect()
}

/// Adds an edge for every read that no path of written edges covers.
pub(super) fn implied(body: &BodySketch<'_>, names: &Names<'_>, graph: &mut Graph, order: Option<&[usize]>) {
    let mut ancestors = None;
    for to in 0..body.steps.len() {
        let mut wanted: Vec<(usize, Read)> = Vec::new();
        for (from, read) in first(body, names, to) {
            match wanted.iter_mut().find(|(known, _)| *known == from) {
                Some((_, strongest)) => *strongest = (*strongest).max(read.reference.read),
                None => wanted.push((from, read.reference.read)),
            }
        }
        for (from, read) in wanted {
            let direct = graph.needs_of(to).any(|edge| edge.from == from);
            if direct || order.is_some_and(|order| ancestors.get_or_insert_with(|| ancestors_of(graph, order)).contains(to, from))
            {
                continue;
            }
            let trigger = if read == Read::Output { Trigger::Success } else { Trigger::Settled };
            graph.add(GraphEdge { from, to, trigger, kind: EdgeKind::Implied });
        }
    }
}

/// For every step, the steps from which a path of written edges leads to it. Made before any implied edge is added.
fn ancestors_of(graph: &Graph, order: &[usize]) -> Bits {
    let mut ancestors = Bits::new(order.len());
    for step in order {
        for edge in graph.needs_of(*step) {
            ancestors.insert(*step, edge.from);
            ancestors.add_row(*step, edge.from);
        }
    }
    ancestors
}
