//! The edges that `needs` writes, and those that expressions imply.

use std::collections::HashSet;

use super::Ids;
use super::bits::Bits;
use crate::codes;
use crate::decode::{Decoder, Draft, Need, Ports, Sketch};
use crate::expression::Read;
use crate::graph::{EdgeKind, Graph, GraphEdge, Trigger};
use crate::model::{Action, Join};

pub(super) fn needs(decoder: &mut Decoder<'_>, sketch: &Sketch<'_>, ids: &Ids<'_>, graph: &mut Graph) {
    for (to, step) in sketch.steps.iter().enumerate() {
        let mut seen = HashSet::new();
        for need in &step.needs {
            let Some(from) = source(decoder, sketch, ids, step, need) else {
                continue;
            };
            if !seen.insert((from, need.port.as_deref())) {
                let message = format!("`{}` stands here twice; remove one.", written(need));
                decoder.report_at(&step.label, "needs", codes::DUPLICATE_NEED, need.place, message);
                continue;
            }
            let trigger = need.port.clone().map_or(Trigger::Success, Trigger::Port);
            graph.add(GraphEdge { from, to, trigger, kind: EdgeKind::Needs });
        }
        at_least(decoder, step);
    }
}

fn source(decoder: &mut Decoder<'_>, sketch: &Sketch<'_>, ids: &Ids<'_>, step: &Draft<'_>, need: &Need) -> Option<usize> {
    let Some(from) = ids.get(need.step.as_str()).copied() else {
        let nearest = crate::nearest(&need.step, ids.keys().copied().filter(|id| *id != step.label));
        let message = match &nearest {
            Some(nearest) => format!("There is no step `{}`. Did you mean `{nearest}`?", need.step),
            None => format!("There is no step `{}`.", need.step),
        };
        let fix = nearest.map(|nearest| {
            let port = need.port.as_ref().map_or_else(String::new, |port| format!(".{port}"));
            decoder.replacement(format!("Change to `{nearest}`"), need.place, format!("{nearest}{port}"))
        });
        decoder.report_at(&step.label, "needs", codes::UNKNOWN_STEP, need.place, message).fixes.extend(fix);
        return None;
    };
    let ports = &sketch.steps[from].ports;
    if let Some(port) = &need.port
        && !ports.has(port)
    {
        unknown_port(decoder, step, need, port, ports);
        return None;
    }
    Some(from)
}

fn unknown_port(decoder: &mut Decoder<'_>, step: &Draft<'_>, need: &Need, port: &str, ports: &Ports) {
    let Ports::Known(known) = ports else { return };
    let all: Vec<&str> = known.iter().map(String::as_str).chain(["failed"]).collect();
    let nearest = crate::nearest(port, all.iter().copied());
    let message = format!("Step `{}` has no port `{port}`; it has {}.", need.step, all.join(", "));
    let fix = nearest.map(|nearest| {
        decoder.replacement(format!("Change to `{}.{nearest}`", need.step), need.place, format!("{}.{nearest}", need.step))
    });
    decoder.report_at(&step.label, "needs", codes::UNKNOWN_PORT, need.place, message).fixes.extend(fix);
}

fn written(need: &Need) -> String {
    need.port.as_ref().map_or_else(|| need.step.clone(), |port| format!("{}.{port}", need.step))
}

fn at_least(decoder: &mut Decoder<'_>, step: &Draft<'_>) {
    if let (Join::AtLeast(count), Some(place)) = (step.join, step.join_place)
        && count as usize > step.needs.len()
    {
        let message = format!("The join asks for {count} edges, but `needs` draws {}.", step.needs.len());
        decoder.report_at(&step.label, "join", codes::BAD_JOIN, place, message);
    }
}

/// Reports reads of steps and fields that do not exist.
pub(super) fn references(decoder: &mut Decoder<'_>, sketch: &Sketch<'_>, ids: &Ids<'_>) {
    let in_steps = sketch.steps.iter().flat_map(|step| step.reads.iter().map(move |read| (Some(step), read)));
    let in_outputs = sketch.output_reads.iter().map(|read| (None, read));
    for (step, read) in in_steps.chain(in_outputs) {
        let name = &read.reference.step;
        let (code, message, fix) = match ids.get(name.as_str()) {
            None => {
                let nearest = crate::nearest(name, ids.keys().copied());
                let message = match &nearest {
                    Some(nearest) => {
                        format!("There is no step `{name}`. Did you mean `{nearest}`?")
                    }
                    None => format!("There is no step `{name}`."),
                };
                let exact = read.place.slice(decoder.text) == name;
                let fix = nearest
                    .filter(|_| exact)
                    .map(|nearest| decoder.replacement(format!("Change to `{nearest}`"), read.place, nearest));
                (codes::UNKNOWN_STEP, message, fix)
            }
            Some(_) if step.is_some_and(|step| step.label == *name) => {
                (codes::CYCLE, format!("Step `{name}` cannot read itself: it would have to end before it starts, a cycle."), None)
            }
            Some(at) => match missing_key(&sketch.steps[*at], read.reference.key.as_deref()) {
                Some(message) => (codes::UNKNOWN_FIELD, message, None),
                None => continue,
            },
        };
        let diagnostic = decoder.report(code, read.place, message);
        diagnostic.step = step.map(|step| step.label.clone());
        diagnostic.field = Some(read.field.clone());
        diagnostic.fixes.extend(fix);
    }
}

/// The output of `set` has the names that it sets.
fn missing_key(step: &Draft<'_>, key: Option<&str>) -> Option<String> {
    let Action::Set(values) = &step.step.as_ref()?.action else {
        return None;
    };
    let key = key.filter(|key| !values.contains_key(*key))?;
    let names: Vec<&str> = values.keys().map(String::as_str).collect();
    let meant =
        crate::nearest(key, names.iter().copied()).map_or_else(String::new, |nearest| format!(" Did you mean `{nearest}`?"));
    Some(format!("Step `{}` sets no `{key}`; it sets {}.{meant}", step.label, names.join(", ")))
}

/// Adds an edge for every read that no path of written edges covers.
pub(super) fn implied(_: &mut Decoder<'_>, sketch: &Sketch<'_>, ids: &Ids<'_>, graph: &mut Graph, order: Option<&[usize]>) {
    let mut ancestors = None;
    for (to, step) in sketch.steps.iter().enumerate() {
        let mut wanted: Vec<(usize, Read)> = Vec::new();
        for read in &step.reads {
            let Some(from) = ids.get(read.reference.step.as_str()).copied().filter(|from| *from != to) else {
                continue;
            };
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
