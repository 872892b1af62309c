//! Edges that stand in no `needs`: advice to write them out.

use super::Names;
use super::edges;
use crate::codes;
use crate::decode::{BodySketch, Decoder};
use crate::graph::{EdgeKind, Graph, GraphEdge, Trigger};
use crate::model::Join;

/// Reports the edges that only expressions draw, where writing them out means the same: under another join than `all` a
/// written edge would be one of several, and an edge that wants its source merely settled cannot be written.
/// Of a step that never runs nothing is advised.
pub(super) fn implied(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, names: &Names<'_>, graph: &Graph, never: &[bool]) {
    let only_read = |edge: &&GraphEdge| edge.kind == EdgeKind::Implied && edge.trigger == Trigger::Success;
    for edge in graph.edges.iter().filter(only_read) {
        let (from, to) = (&body.steps[edge.from], &body.steps[edge.to]);
        if never[edge.to] || (to.join != Join::All && !to.needs.is_empty()) {
            continue;
        }
        let reads = edges::first(body, names, edge.to);
        let Some((_, read)) = reads.into_iter().find(|(source, _)| *source == edge.from) else { continue };
        let label = &from.label;
        let message = format!(
            "`{0}` waits for `{label}`, because it reads it here; its `needs` does not say so. Write the edge out.",
            to.label
        );
        let related = decoder.related(from.id_place, format!("`{label}` is here."));
        let fix = decoder.need_added(to.node, format!("Add `{label}` to `needs`"), label);
        let reader = read.step.as_deref().unwrap_or(&to.path);
        let diagnostic = decoder.report_at(reader, &read.field, codes::IMPLIED_EDGE, read.place, message);
        diagnostic.related.push(related);
        diagnostic.fixes.extend(fix);
    }
}
