//! How long one step takes and how wide it is, with its repetition.

use super::range::DurationRange;
use super::scope::{self, Place, ScopePlan};
use super::{Basis, Expected, PlannedLevel, PlannedRepeat, PlannedStep, Planner};
use crate::{Action, ForEach, Group, Loop, Repeat, Step, Wait};

/// What is known of a step.
pub(super) struct Measure {
    pub(super) expected: Option<Expected>,
    pub(super) basis: Basis,
    pub(super) samples: u32,
    pub(super) repeat: Option<PlannedRepeat>,
    /// Steps in the longest path through it.
    pub(super) steps: u64,
    /// Steps that can run side by side in it; none when there is no bound.
    pub(super) width: Option<u64>,
    /// Paths of its own steps on their critical path.
    pub(super) critical: Vec<String>,
    /// Paths in it whose durations are not known.
    pub(super) unknown: Vec<String>,
    pub(super) levels: Vec<PlannedLevel>,
}

impl Measure {
    fn simple(expected: Option<DurationRange>, basis: Basis, samples: u32, path: &str) -> Self {
        Self {
            expected: expected.map(|range| Expected { range, at_least: false }),
            basis,
            samples,
            repeat: None,
            steps: 1,
            width: Some(1),
            critical: Vec::new(),
            unknown: if expected.is_none() { vec![path.to_owned()] } else { Vec::new() },
            levels: Vec::new(),
        }
    }

    /// Takes what the whole took in earlier runs, where there is such.
    fn whole_from_history(mut self, planner: &Planner<'_>, key: &str) -> Self {
        if let Some((range, samples)) = planner.history.duration(key) {
            self.expected = Some(Expected { range, at_least: false });
            (self.basis, self.samples) = (Basis::History, samples);
            self.unknown.clear();
        }
        self
    }

    fn has_gaps(&self) -> bool {
        self.expected.is_none_or(|expected| expected.at_least)
    }
}

/// Measures a step. Its own steps, if it is a group, are added to `out`.
pub(super) fn measure(planner: &Planner<'_>, step: &Step, place: &Place, out: &mut Vec<PlannedStep>) -> Measure {
    match &step.repeat {
        None => once(planner, step, place, out),
        Some(Repeat::ForEach(each)) => for_each(planner, step, each, place, out),
        Some(Repeat::Loop(repeat)) => passes(planner, step, repeat, place, out),
    }
}

fn once(planner: &Planner<'_>, step: &Step, place: &Place, out: &mut Vec<PlannedStep>) -> Measure {
    let timer = match &step.action {
        Action::Group(group) => return of_group(planner, group, place, out),
        Action::Set(_) | Action::Choose(_) | Action::Cancel(_) | Action::End(_) | Action::Emit { .. } => {
            return Measure::simple(Some(DurationRange::default()), Basis::Instant, 0, &place.path);
        }
        Action::Call(call) if !call.wait => {
            return Measure::simple(Some(DurationRange::default()), Basis::Instant, 0, &place.path);
        }
        Action::Wait(Wait::For(duration)) => {
            let within = step.timeout_ms.unwrap_or(u64::MAX);
            planner.known.duration(duration).map(|ms| ms.min(within))
        }
        _ => None,
    };
    match timer {
        Some(ms) => Measure::simple(Some(DurationRange::exactly(ms)), Basis::Timer, 0, &place.path),
        None => Measure::simple(None, Basis::Unknown, 0, &place.path).whole_from_history(planner, &place.key),
    }
}

fn of_group(planner: &Planner<'_>, group: &Group, place: &Place, out: &mut Vec<PlannedStep>) -> Measure {
    let inner = scope::plan(planner, &group.body, place, out);
    let expected = inner.expected.map(|expected| bounded(expected, &inner, group.max_parallel));
    let width = match (scope::widest(&inner.levels), group.max_parallel) {
        (Some(width), Some(most)) if inner.flat => Some(width.min(u64::from(most))),
        (width, _) => width,
    };
    let measure = Measure {
        expected,
        basis: Basis::Parts,
        samples: 0,
        repeat: None,
        steps: inner.steps.max(1),
        width,
        critical: inner.critical,
        unknown: inner.unknown,
        levels: inner.levels,
    };
    if measure.has_gaps() { measure.whole_from_history(planner, &place.key) } else { measure }
}

/// With at most so many steps at one time, the whole takes no less than its work divided by them, and no more than the
/// bound of Graham (1966) for any order: work ÷ m + longest path × (m − 1) ÷ m.
fn bounded(expected: Expected, inner: &ScopePlan, max_parallel: Option<u32>) -> Expected {
    let Some(most) = max_parallel.map(u64::from).filter(|most| *most > 0) else { return expected };
    let share = inner.work.map(|work| work.div_ceil(most));
    let range = DurationRange {
        low_ms: expected.range.low_ms.max(share.low_ms),
        median_ms: expected.range.median_ms.max(share.median_ms),
        high_ms: if inner.work.high_ms > expected.range.high_ms {
            (share.high_ms + expected.range.high_ms / most * (most - 1)).min(inner.work.high_ms).max(expected.range.high_ms)
        } else {
            expected.range.high_ms
        },
    };
    Expected { range, ..expected }
}

fn for_each(planner: &Planner<'_>, step: &Step, each: &ForEach, place: &Place, out: &mut Vec<PlannedStep>) -> Measure {
    let mut measure = once(planner, step, &place.with_key("[]"), out);
    let given = planner.known.elements(each);
    let count = given.map(DurationRange::exactly).or_else(|| planner.history.count(&place.key));
    let at_once = each.max_parallel.map(u64::from).filter(|most| *most > 0);
    let most_elements = given.map_or(at_once, |given| Some(at_once.map_or(given, |most| most.min(given))));
    measure.width = most_elements.and_then(|most| Some(most.saturating_mul(measure.width?)));
    measure.repeat = Some(PlannedRepeat::ForEach { count: given, max_parallel: each.max_parallel });
    let rounds = count.map(|count| count.map(|count| at_once.map_or(u64::from(count > 0), |most| count.div_ceil(most))));
    repeated(planner, measure, rounds, given.is_some(), place)
}

fn passes(planner: &Planner<'_>, step: &Step, repeat: &Loop, place: &Place, out: &mut Vec<PlannedStep>) -> Measure {
    let mut measure = once(planner, step, &place.with_key("#"), out);
    let max = u64::from(repeat.max);
    let counted = repeat.while_.is_none() && repeat.until.is_none() && repeat.break_when.is_none();
    let fewest = u64::from(repeat.while_.is_none()).min(max);
    let open = DurationRange { low_ms: fewest, median_ms: max.div_ceil(2), high_ms: max };
    let count = match planner.history.count(&place.key) {
        _ if counted => DurationRange::exactly(max),
        Some(count) => count.map(|count| count.min(max)),
        None => open,
    };
    measure.repeat = Some(PlannedRepeat::Loop { max: repeat.max });
    repeated(planner, measure, Some(count), counted, place)
}

/// A step that is done so many times in a row. Unless the file and the inputs say how often, what the whole took in earlier
/// runs says more.
fn repeated(planner: &Planner<'_>, mut measure: Measure, times: Option<DurationRange>, fixed: bool, place: &Place) -> Measure {
    let parts = measure.expected.zip(times);
    measure.expected = parts.map(|(one, times)| Expected { range: one.range.times(times), ..one });
    if times == Some(DurationRange::default()) {
        measure.expected = Some(Expected::default());
        measure.unknown.clear();
    }
    if measure.basis != Basis::Unknown {
        measure.basis = Basis::Parts;
    }
    if measure.expected.is_none() {
        measure.basis = Basis::Unknown;
    }
    let measure = if !fixed || measure.has_gaps() { measure.whole_from_history(planner, &place.key) } else { measure };
    if measure.expected.is_none() && measure.unknown.is_empty() {
        return Measure { unknown: vec![place.path.clone()], ..measure };
    }
    measure
}
