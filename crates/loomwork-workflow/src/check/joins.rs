//! Joins that can never be satisfied, and steps that never run.
//!
//! A step ends on one port, so edges from its different ports exclude each other: directly, or at the end of the branches
//! that they open. An edge that only an expression draws is required besides the join, so it can exclude all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Names, edges, flow, sometimes};
use crate::codes;
use crate::decode::{BodySketch, Decoder, Draft};
use crate::diagnostic::Fix;
use crate::expression::Read;
use crate::graph::{EdgeKind, Graph, GraphEdge, Trigger};
use crate::model::{Action, Join};
use crate::text::Place;

/// Most ports that are remembered for a step; beyond it nothing more is concluded.
const MAX_PORTS: usize = 64;

/// The ports on which steps have certainly ended when a step runs.
pub(super) type Ends = BTreeMap<usize, String>;

/// What is known of a step.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) ends: Ends,
    /// Why it never runs, if so: the step whose ports exclude each other or that ends the run.
    never: Option<usize>,
}

/// What excludes a step: the step whose ports do, and the one that is read, when it takes a read to exclude it.
struct Excluded {
    source: usize,
    read: Option<usize>,
}

/// Reports them; gives for every step whether it never runs.
pub(super) fn check(
    decoder: &mut Decoder<'_>,
    body: &BodySketch<'_>,
    names: &Names<'_>,
    graph: &Graph,
    order: Option<&[usize]>,
) -> Vec<bool> {
    let mut known: Vec<Known> = vec![Known::default(); body.steps.len()];
    for to in order.unwrap_or_default().iter().copied() {
        let (ends, excluded) = reached(body, graph, &known, to);
        known[to].ends = ends;
        let direct = direct_conflict(body, graph, to).map(|source| Excluded { source, read: None });
        let direct_only = direct.is_some();
        if let Some(Excluded { source, read }) = direct.or(excluded) {
            known[to].never = Some(source);
            let inherited = !direct_only && required(graph, to).any(|edge| dead(body, &known, edge));
            match read {
                Some(from) if !inherited => report_read(decoder, body, names, (from, to), source),
                _ => report(decoder, body, to, source, inherited),
            }
        } else if body.steps[to].join == Join::All {
            sometimes::check(decoder, body, names, graph, &known, to);
        } else if !body.steps[to].needs.is_empty() {
            let (certain, _) = joined(body, graph, &known, to);
            sometimes::reads(decoder, body, names, reads_of(graph, to), &known, &certain.unwrap_or_default());
        }
    }
    known.iter().map(|known| known.never.is_some()).collect()
}

/// The edges of `needs` into a step, and those of reads that it cannot do without.
fn required(graph: &Graph, to: usize) -> impl Iterator<Item = &GraphEdge> {
    graph.needs_of(to).chain(reads_of(graph, to))
}

/// The edges that reads of outputs draw.
fn reads_of(graph: &Graph, to: usize) -> impl Iterator<Item = &GraphEdge> {
    let edges = graph.incoming[to].iter().map(|edge| &graph.edges[*edge]);
    edges.filter(|edge| edge.kind == EdgeKind::Implied && edge.trigger == Trigger::Success)
}

/// Whether an edge is never taken, because its source never runs or ends the run.
fn dead(body: &BodySketch<'_>, known: &[Known], edge: &GraphEdge) -> bool {
    let failed = || edge.trigger == Trigger::Port("failed".to_owned());
    known[edge.from].never.is_some() || (ends_the_run(body, edge.from) && (!failed() || cannot_fail(&body.steps[edge.from])))
}

/// Whether a step that ends the run has nothing to work out, so nothing that may fail.
fn cannot_fail(draft: &Draft<'_>) -> bool {
    let fixed = |action: &Action| match action {
        Action::End(message) => message.as_ref().is_none_or(|message| message.as_literal().is_some()),
        _ => false,
    };
    draft.step.as_ref().is_some_and(|step| step.when.is_none() && step.repeat.is_none() && fixed(&step.action))
}

fn ends_the_run(body: &BodySketch<'_>, step: usize) -> bool {
    body.steps[step].step.as_ref().is_some_and(|step| matches!(step.action, Action::End(_)))
}

/// What is certain along an edge that is taken; none for one that never is.
fn along(body: &BodySketch<'_>, known: &[Known], edge: &GraphEdge) -> Option<Ends> {
    if dead(body, known, edge) {
        return None;
    }
    let mut ends = known[edge.from].ends.clone();
    match &edge.trigger {
        Trigger::Port(port) => ends.insert(edge.from, port.clone()),
        _ => ends.insert(edge.from, String::new()),
    };
    Some(ends)
}

/// What is certain when a step runs, from what is certain when the steps before it run.
fn reached(body: &BodySketch<'_>, graph: &Graph, known: &[Known], to: usize) -> (Ends, Option<Excluded>) {
    let (joined, excluded) = joined(body, graph, known, to);
    let mut ends = joined.unwrap_or_default();
    let mut excluded = excluded.map(|source| Excluded { source, read: None });
    for edge in reads_of(graph, to) {
        let read = Some(edge.from);
        let source = match along(body, known, edge) {
            Some(others) => unite(&mut ends, others),
            None => Some(known[edge.from].never.unwrap_or(edge.from)),
        };
        excluded = excluded.or(source.map(|source| Excluded { source, read }));
    }
    // Ends on any port but `failed` say little and are many.
    if ends.len() > MAX_PORTS {
        ends.retain(|_, port| !port.is_empty());
    }
    if ends.len() > MAX_PORTS {
        ends.clear();
    }
    (ends, excluded)
}

/// The same by the join alone, with the step whose ports exclude it.
fn joined(body: &BodySketch<'_>, graph: &Graph, known: &[Known], to: usize) -> (Option<Ends>, Option<usize>) {
    let edges: Vec<&GraphEdge> = graph.needs_of(to).collect();
    let all = match body.steps[to].join {
        Join::All => true,
        Join::AtLeast(count) => count as usize >= edges.len(),
        Join::Any | Join::First => edges.len() <= 1,
    };
    let mut result: Option<Ends> = None;
    let mut excluded = None;
    let each: Vec<Option<Ends>> = edges.iter().map(|edge| along(body, known, edge)).collect();
    if let Join::AtLeast(count) = body.steps[to].join {
        excluded = too_few(&each, count as usize);
    }
    for (edge, ends) in edges.iter().zip(each) {
        match (ends, all) {
            (None, true) => excluded = excluded.or(known[edge.from].never.or(Some(edge.from))),
            (None, false) => {}
            (Some(ends), true) => match &mut result {
                None => result = Some(ends),
                Some(result) => excluded = excluded.or(unite(result, ends)),
            },
            (Some(ends), false) => match &mut result {
                None => result = Some(ends),
                Some(result) => result.retain(|source, port| ends.get(source) == Some(port)),
            },
        }
    }
    if !edges.is_empty() && result.is_none() {
        excluded = excluded.or(edges.first().map(|edge| known[edge.from].never.unwrap_or(edge.from)));
    }
    (result, excluded)
}

/// Adds what is certain along another edge; gives the step that would have to end on two ports.
fn unite(into: &mut Ends, other: Ends) -> Option<usize> {
    let mut conflict = None;
    for (source, port) in other {
        match into.get(&source).map(String::as_str) {
            None | Some("") if port != "failed" || !into.contains_key(&source) => {
                into.insert(source, port);
            }
            Some(known) if known == port || (port.is_empty() && known != "failed") => {}
            _ => conflict = Some(source),
        }
    }
    conflict
}

/// The step because of whose ports fewer edges can be taken together than a join asks for.
fn too_few(edges: &[Option<Ends>], needed: usize) -> Option<usize> {
    let alive: Vec<&Ends> = edges.iter().flatten().collect();
    let sources: BTreeSet<usize> = alive.iter().flat_map(|ends| ends.keys().copied()).collect();
    let fits = |ends: &Ends, source: usize, port: &str| match ends.get(&source).map(String::as_str) {
        None => true,
        Some("") => port != "failed",
        Some(known) => known == port,
    };
    sources.into_iter().find(|source| {
        let ports: BTreeSet<&str> = alive.iter().filter_map(|ends| ends.get(source)).map(String::as_str).collect();
        let most = ports.iter().map(|port| alive.iter().filter(|ends| fits(ends, *source, port)).count()).max();
        ports.len() > 1 && most.is_some_and(|most| most < needed) && alive.len() >= needed
    })
}

/// The step whose ports a join asks for more of than one ending can take.
fn direct_conflict(body: &BodySketch<'_>, graph: &Graph, to: usize) -> Option<usize> {
    let count = graph.needs_of(to).count();
    let needed = match body.steps[to].join {
        Join::All => count,
        Join::AtLeast(count) => count as usize,
        Join::Any | Join::First => return None,
    };
    let mut by_source: BTreeMap<usize, Vec<&Trigger>> = BTreeMap::new();
    for edge in graph.needs_of(to) {
        by_source.entry(edge.from).or_default().push(&edge.trigger);
    }
    let most: usize = by_source.values().map(|triggers| most_taken(triggers)).sum();
    if most >= needed || needed > count {
        return None;
    }
    by_source.iter().find(|(_, triggers)| most_taken(triggers) < triggers.len()).map(|(source, _)| *source)
}

fn report(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, to: usize, source: usize, inherited: bool) {
    let step = &body.steps[to];
    let needs = step.needs.first().zip(step.needs.last());
    let place = needs.map_or(step.id_place, |(first, last)| Place::new(first.place.start, last.place.end));
    let label = &body.steps[source].label;
    if inherited {
        let why = if ends_the_run(body, source) {
            format!("it comes after `{label}`, which ends the run")
        } else {
            format!("it comes after a step that never runs, because of the ports of `{label}`")
        };
        let message = format!("This step never runs: {why}. Mend that, or remove this step.");
        let related = decoder.related(body.steps[source].id_place, format!("`{label}` is here."));
        decoder.report_at(&step.path, "needs", codes::UNREACHABLE_STEP, place, message).related.push(related);
        return;
    }
    let message = format!(
        "This join can never be satisfied: `{label}` ends on one of its ports only, so the edges from its different ports exclude each other. Use `join: any` when either may lead here."
    );
    let place = step.join_place.unwrap_or(place);
    let related = decoder.related(body.steps[source].id_place, format!("`{label}` ends on one of its ports here."));
    let fix = any(decoder, step);
    let diagnostic = decoder.report_at(&step.path, "join", codes::EXCLUSIVE_JOIN, place, message);
    diagnostic.related.push(related);
    diagnostic.fixes.extend(fix);
}

/// Reports a read that excludes what else leads to a step, whatever its join.
fn report_read(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, names: &Names<'_>, (from, to): (usize, usize), source: usize) {
    let (step, read, chooser) = (&body.steps[to], &body.steps[from].label, &body.steps[source]);
    let message = format!(
        "`{0}` never runs: it reads `{read}`, which runs on another port of `{1}` than what else leads to `{0}`, and `{1}` ends on one of its ports only. Guard the read with `has(steps.{read}.output)`, or take it out.",
        step.label, chooser.label
    );
    let reads = edges::first(body, names, to);
    let site = reads.into_iter().find(|(source, read)| *source == from && read.reference.read == Read::Output);
    let Some((_, site)) = site else { return };
    let related = decoder.related(chooser.id_place, format!("`{}` ends on one of its ports here.", chooser.label));
    let fix = flow::guard(decoder, site);
    let reader = site.step.as_deref().unwrap_or(&step.path);
    let diagnostic = decoder.report_at(reader, &site.field, codes::EXCLUSIVE_JOIN, site.place, message);
    diagnostic.related.push(related);
    diagnostic.fixes.extend(fix);
}

/// Lets any of the edges lead to a step.
fn any(decoder: &Decoder<'_>, step: &Draft<'_>) -> Option<Fix> {
    let title = "Use `join: any`";
    match step.node.entry("join") {
        Some(join) if join.value.aliased => None,
        Some(join) => Some(decoder.replacement(title, join.value.place, "any")),
        None => {
            let slot = decoder.key_slot(step.node, step.node.entry("needs")?)?;
            Some(decoder.insertion(title, &slot, "join: any"))
        }
    }
}

/// Of the edges from one step, how many one ending can take. A bare edge is taken on any port but `failed`.
fn most_taken(triggers: &[&Trigger]) -> usize {
    let bare = triggers.iter().filter(|trigger| **trigger == &Trigger::Success).count();
    let failed = triggers.iter().filter(|trigger| matches!(trigger, Trigger::Port(port) if port == "failed")).count();
    let named = triggers.iter().filter(|trigger| matches!(trigger, Trigger::Port(port) if port != "failed")).count();
    failed.max(bare + named.min(1))
}
