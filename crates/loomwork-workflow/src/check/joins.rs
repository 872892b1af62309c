//! Joins that can never be satisfied.

use std::collections::HashMap;

use crate::codes;
use crate::decode::{BodySketch, Decoder};
use crate::graph::{Graph, Trigger};
use crate::model::Join;

/// A step ends on one port: of its edges from different ports only one is ever taken.
pub(super) fn check(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, graph: &Graph) {
    for (to, step) in body.steps.iter().enumerate() {
        let needed = match step.join {
            Join::All => graph.needs_of(to).count(),
            Join::AtLeast(count) => count as usize,
            Join::Any | Join::First => continue,
        };
        let mut by_source: HashMap<usize, Vec<&Trigger>> = HashMap::new();
        for edge in graph.needs_of(to) {
            by_source.entry(edge.from).or_default().push(&edge.trigger);
        }
        let most: usize = by_source.values().map(|triggers| most_taken(triggers)).sum();
        if most >= needed || needed > graph.needs_of(to).count() {
            continue;
        }
        let Some((source, _)) =
            by_source.iter().filter(|(_, triggers)| most_taken(triggers) < triggers.len()).min_by_key(|(from, _)| **from)
        else {
            continue;
        };
        let place = step
            .needs
            .first()
            .zip(step.needs.last())
            .map_or(step.id_place, |(first, last)| crate::text::Place::new(first.place.start, last.place.end));
        let place = step.join_place.unwrap_or(place);
        let message = format!(
            "This join can never be satisfied: `{}` ends on one of its ports only, so the edges from its different ports exclude each other. Use `join: any` when either may lead here.",
            body.steps[*source].label
        );
        decoder.report_at(&step.path, "join", codes::EXCLUSIVE_JOIN, place, message);
    }
}

/// Of the edges from one step, how many one ending can take. A bare edge is taken on any port but `failed`.
fn most_taken(triggers: &[&Trigger]) -> usize {
    let bare = triggers.iter().filter(|trigger| **trigger == &Trigger::Success).count();
    let failed = triggers.iter().filter(|trigger| matches!(trigger, Trigger::Port(port) if port == "failed")).count();
    let named = triggers.iter().filter(|trigger| matches!(trigger, Trigger::Port(port) if port != "failed")).count();
    failed.max(bare + named.min(1))
}
