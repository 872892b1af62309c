//! Joins that are satisfied only when a branch was chosen, though nothing of the step says that it belongs to the branch.

use super::Names;
use super::joins::{Ends, Known};
use super::{edges, flow};
use crate::codes;
use crate::decode::{BodySketch, Decoder};
use crate::expression::Read;
use crate::graph::{Graph, GraphEdge};

/// An edge from within a branch, and the port that opens the branch.
struct Inside<'k> {
    edge: usize,
    source: usize,
    port: &'k str,
}

/// Reports a join of a branch with what lies outside of it. A step that uses what the branch gives belongs to it, and
/// one that names the port in its own `needs` says so.
pub(super) fn check(
    decoder: &mut Decoder<'_>,
    body: &BodySketch<'_>,
    names: &Names<'_>,
    graph: &Graph,
    known: &[Known],
    to: usize,
) {
    let edges: Vec<&GraphEdge> = graph.needs_of(to).collect();
    if edges.len() < 2 || edges.iter().all(|edge| known[edge.from].ends.values().all(String::is_empty)) {
        return;
    }
    let Some(Inside { edge, source, port }) = inside(&edges, known) else { return };
    let within = |step: usize| step == edges[edge].from || known[step].ends.get(&source).is_some_and(|known| known == port);
    if edges::first(body, names, to).iter().any(|(from, _)| within(*from)) {
        return;
    }
    let (step, branch, chooser) = (&body.steps[to], &body.steps[edges[edge].from], &body.steps[source]);
    let Some(need) = step.needs.iter().find(|need| need.step == branch.label) else { return };
    let message = format!(
        "`{0}` runs only when `{1}` ends on `{port}`, because `{2}` does; else it is skipped. Use `join: any` if it is to run in any case.",
        step.label, chooser.label, branch.label
    );
    let related = decoder.related(chooser.id_place, format!("`{}` ends on one of its ports here.", chooser.label));
    decoder.report_at(&step.path, "needs", codes::SOMETIMES_JOIN, need.place, message).related.push(related);
}

/// Reports reads of a branch by a step that does not wait for all its edges: what is read is waited for besides the join.
/// `certain` is what the join alone says; a read of the branch that it leads from is none.
pub(super) fn reads<'g>(
    decoder: &mut Decoder<'_>,
    body: &BodySketch<'_>,
    names: &Names<'_>,
    implied: impl Iterator<Item = &'g GraphEdge>,
    known: &[Known],
    certain: &Ends,
) {
    for edge in implied {
        let (step, read) = (&body.steps[edge.to], &body.steps[edge.from]);
        let ends = known[edge.from].ends.iter().filter(|(_, port)| !port.is_empty());
        let branch = ends.into_iter().find(|(source, port)| certain.get(source) != Some(port));
        let (only, place, why) = match (branch, read.node.entry("when")) {
            (Some((source, port)), _) => {
                let chooser = &body.steps[*source];
                let why = format!("`{}` ends on one of its ports here.", chooser.label);
                (format!("`{}` ends on `{port}`", chooser.label), chooser.id_place, why)
            }
            (None, Some(when)) => {
                let why = format!("`{}` runs only when this is true.", read.label);
                (format!("the `when` of `{}` is true", read.label), when.key_place, why)
            }
            (None, None) => continue,
        };
        let sites = edges::first(body, names, edge.to);
        let site = sites.into_iter().find(|(source, site)| *source == edge.from && site.reference.read == Read::Output);
        let Some((_, site)) = site else { continue };
        let message = format!(
            "`{0}` runs only when {only}, whatever its join says, because it reads `{1}` here; else it is skipped. Guard the read with `has(steps.{1}.output)` if it is to run in any case.",
            step.label, read.label
        );
        let related = decoder.related(place, why);
        let fix = flow::guard(decoder, site);
        let reader = site.step.as_deref().unwrap_or(&step.path);
        let diagnostic = decoder.report_at(reader, &site.field, codes::SOMETIMES_JOIN, site.place, message);
        diagnostic.related.push(related);
        diagnostic.fixes.extend(fix);
    }
}

/// The first edge from a branch beside which another edge comes from outside of it.
fn inside<'k>(edges: &[&GraphEdge], known: &'k [Known]) -> Option<Inside<'k>> {
    let outside = |inner: &GraphEdge, source: usize| {
        edges.iter().any(|other| {
            let before = known[inner.from].ends.contains_key(&other.from);
            !before && other.from != inner.from && !known[other.from].ends.contains_key(&source)
        })
    };
    edges.iter().enumerate().find_map(|(at, edge)| {
        let ends = known[edge.from].ends.iter().filter(|(_, port)| !port.is_empty());
        let mut ends = ends.filter(|(source, _)| edges.iter().all(|other| other.from != **source));
        let (source, port) = ends.find(|(source, _)| outside(edge, **source))?;
        Some(Inside { edge: at, source: *source, port })
    })
}
