//! Time-outs that another one around them ends first.

use crate::codes;
use crate::decode::{BodySketch, Decoder, Sketch};
use crate::text::Place;

/// The shortest time-out around a place, whose it is, and where it is said.
#[derive(Clone, Copy)]
struct Limit<'l> {
    ms: u64,
    /// None: the workflow.
    whose: Option<&'l str>,
    place: Place,
}

/// Reports time-outs that are longer than the one around them.
pub(super) fn check(decoder: &mut Decoder<'_>, sketch: &Sketch<'_>) {
    let limit = sketch.timeout_ms.map(|ms| Limit { ms, whose: None, place: sketch.timeout_place });
    if let (Some(limit), Some((ms, place))) = (limit, sketch.default_timeout) {
        longer(decoder, None, "defaults.timeout", (ms, place), limit);
    }
    scope(decoder, &sketch.body, limit);
}

fn scope(decoder: &mut Decoder<'_>, body: &BodySketch<'_>, limit: Option<Limit<'_>>) {
    for step in &body.steps {
        let own = step.timeout;
        if let (Some(limit), Some(own)) = (limit, own) {
            longer(decoder, Some(&step.path), "timeout", own, limit);
        }
        let nearer = own.filter(|(ms, _)| limit.is_none_or(|limit| *ms < limit.ms));
        let inside = nearer.map(|(ms, place)| Limit { ms, whose: Some(&step.label), place }).or(limit);
        if let Some(limit) = inside {
            for (field, ms, place) in &step.waits {
                longer(decoder, Some(&step.path), field, (*ms, *place), limit);
            }
        }
        if let Some(inner) = &step.body {
            scope(decoder, inner, inside);
        }
    }
}

fn longer(decoder: &mut Decoder<'_>, step: Option<&str>, field: &str, (ms, place): (u64, Place), limit: Limit<'_>) {
    if ms <= limit.ms {
        return;
    }
    let most = crate::format_duration(limit.ms);
    let whose = limit.whose.map_or_else(|| "The workflow".to_owned(), |label| format!("The step `{label}`"));
    let message = format!("{whose} has a timeout of {most}, which ends this first. Shorten this one or lengthen that.");
    let related = decoder.related(limit.place, format!("{whose} has its timeout here."));
    let fix = decoder.replacement(format!("Shorten it to {most}"), place, most);
    let diagnostic = decoder.report(codes::LONG_TIMEOUT, place, message);
    diagnostic.step = step.map(str::to_owned);
    diagnostic.field = Some(field.to_owned());
    diagnostic.related.push(related);
    diagnostic.fixes.push(fix);
}
