//! When the steps of one scope begin and end, given how long each takes and on which port it ends.
//!
//! Invariant: joins mean what they mean in a run in which nothing fails: an untaken edge is dead, a skipped step's edges
//! are dead from the moment at which it is skipped. Not here: which ports to look at (`ends`).

use super::ends::End;
use crate::{Action, Body, EdgeKind, GraphEdge, Join, Trigger};

/// Milliseconds, and steps for where these are equal.
pub(super) type Cost = (u64, u64);

/// How the steps of a scope end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Course<'a> {
    /// Each as it is said here: by index into its ends.
    Picked(&'a [usize]),
    /// Only what happens whatever is decided.
    Least,
    /// Everything that can happen without a failure, as if all of it did.
    Most,
    /// The same, and every step fails besides.
    Failing,
}

/// One course of a scope.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Whether a step runs.
    pub(super) runs: Vec<bool>,
    /// When the last of them ends.
    pub(super) total: Cost,
    /// Cost of all steps that run, one after the other.
    pub(super) work: u64,
    /// The step that ends last.
    last: Option<usize>,
    /// The step for which another one waited longest.
    via: Vec<Option<usize>>,
}

impl Schedule {
    /// The steps that the end waits for, from the first to the last.
    pub(super) fn longest_path(&self) -> Vec<usize> {
        let mut path = Vec::new();
        let mut at = self.last;
        while let Some(step) = at {
            if self.runs[step] {
                path.push(step);
            }
            at = self.via[step];
        }
        path.reverse();
        path
    }
}

/// A moment, and the step that brought it about.
type Moment = (Cost, Option<usize>);

/// Works out one course. `order` is a topological order of the steps.
pub(super) fn schedule(body: &Body, order: &[usize], ends: &[Vec<End>], course: Course<'_>, costs: &[Cost]) -> Schedule {
    let count = body.steps.len();
    let mut settled = vec![(0, 0); count];
    let mut found = Schedule { runs: vec![false; count], total: (0, 0), work: 0, last: None, via: vec![None; count] };
    let mut ended: Option<Cost> = None;
    for &step in order {
        let edges: Vec<(&GraphEdge, bool, Moment)> = body.graph.incoming[step]
            .iter()
            .map(|edge| &body.graph.edges[*edge])
            .map(|edge| (edge, taken(edge, &found.runs, ends, course), (settled[edge.from], Some(edge.from))))
            .collect();
        let lenient = matches!(course, Course::Most | Course::Failing);
        let (reached, (at, via)) = reached(body.steps[step].join, &edges, lenient);
        let runs = reached && begins(&ends[step], course, step);
        found.via[step] = via;
        found.runs[step] = runs;
        settled[step] = if runs { plus(at, costs[step]) } else { at };
        if !runs {
            continue;
        }
        found.work = found.work.saturating_add(costs[step].0);
        if found.last.is_none() || settled[step] > found.total {
            (found.total, found.last) = (settled[step], Some(step));
        }
        if matches!(body.steps[step].action, Action::End(_)) && ended.is_none_or(|first| settled[step] < first) {
            ended = Some(settled[step]);
        }
    }
    // `end` ends the run there and then, whatever else is under way.
    if let Some(first) = ended.filter(|first| *first < found.total) {
        let at = order
            .iter()
            .copied()
            .find(|step| found.runs[*step] && settled[*step] == first && matches!(body.steps[*step].action, Action::End(_)));
        (found.total, found.last) = (first, at);
    }
    found
}

fn plus(one: Cost, other: Cost) -> Cost {
    (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
}

/// Whether a step that is reached begins: `when` may say otherwise.
fn begins(ends: &[End], course: Course<'_>, step: usize) -> bool {
    match course {
        Course::Picked(picks) => ends[picks[step]] != End::Skipped,
        Course::Least => !ends.contains(&End::Skipped),
        Course::Most | Course::Failing => ends.iter().any(|end| *end != End::Skipped),
    }
}

fn taken(edge: &GraphEdge, runs: &[bool], ends: &[Vec<End>], course: Course<'_>) -> bool {
    let ends = &ends[edge.from];
    let on = |wanted: &dyn Fn(&str) -> bool| match course {
        Course::Picked(picks) => ends[picks[edge.from]].port().is_some_and(wanted),
        Course::Least => ends.iter().all(|end| end.port().is_some_and(wanted)),
        Course::Most => ends.iter().any(|end| end.port().is_some_and(wanted)),
        Course::Failing => wanted("failed") || ends.iter().any(|end| end.port().is_some_and(wanted)),
    };
    match &edge.trigger {
        Trigger::Settled => true,
        Trigger::Success => runs[edge.from] && on(&|port| port != "failed"),
        Trigger::Port(wanted) => runs[edge.from] && on(&|port| port == wanted),
    }
}

/// Whether the edges let a step begin, and when that is settled. Leniently, a join that would not wait for all does.
fn reached(join: Join, edges: &[(&GraphEdge, bool, Moment)], lenient: bool) -> (bool, Moment) {
    let start = ((0, 0), None);
    let latest =
        |moments: &mut dyn Iterator<Item = Moment>| moments.fold(start, |a, b| if b.0 > a.0 || a.1.is_none() { b } else { a });
    let needs: Vec<(bool, Moment)> =
        edges.iter().filter(|(edge, ..)| edge.kind == EdgeKind::Needs).map(|(_, taken, at)| (*taken, *at)).collect();
    let mut implied = edges.iter().filter(|(edge, ..)| edge.kind == EdgeKind::Implied);
    let all_settled = latest(&mut needs.iter().map(|(_, at)| *at));
    let mut taken: Vec<Moment> = needs.iter().filter(|(taken, _)| *taken).map(|(_, at)| *at).collect();
    let (joined, at) = match join {
        _ if needs.is_empty() => (true, start),
        Join::All => match needs.iter().filter(|(taken, _)| !*taken).map(|(_, at)| *at).min() {
            None => (true, all_settled),
            Some(dead) => (false, dead),
        },
        Join::Any => (!taken.is_empty(), all_settled),
        Join::First | Join::AtLeast(_) => {
            let wanted = if let Join::AtLeast(count) = join { count.max(1) as usize } else { 1 };
            taken.sort();
            match taken.get(wanted - 1) {
                Some(_) if lenient => (true, all_settled),
                Some(nth) => (true, *nth),
                None => (false, all_settled),
            }
        }
    };
    let open = implied.clone().all(|(_, taken, _)| *taken);
    let at = latest(&mut std::iter::once(at).filter(|at| at.1.is_some()).chain(implied.by_ref().map(|(.., at)| *at)));
    (joined && open, at)
}
