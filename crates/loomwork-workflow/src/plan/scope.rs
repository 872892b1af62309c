//! The plan of one scope: its levels, its courses, and what follows from them.

use std::collections::BTreeSet;

use petgraph::algo::toposort;
use petgraph::graph::DiGraph;

use super::ends::{Courses, End, courses, ends};
use super::range::DurationRange;
use super::schedule::{Cost, Course, Schedule, schedule};
use super::step::{Measure, measure};
use super::{Expected, PlannedLevel, PlannedStep, Planner, Runs};
use crate::{Action, Body};

/// Where a scope or a step stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Its path; empty for the outermost scope.
    pub(super) path: String,
    /// Its key in the history.
    pub(super) key: String,
}

impl Place {
    /// A step of this scope.
    fn step(&self, id: &str) -> Self {
        let join = |outer: &str| if outer.is_empty() { id.to_owned() } else { format!("{outer}.{id}") };
        Self { path: join(&self.path), key: join(&self.key) }
    }

    /// The elements or passes of this step.
    pub(super) fn with_key(&self, mark: &str) -> Self {
        Self { path: self.path.clone(), key: format!("{}{mark}", self.key) }
    }
}

/// What is known of a scope.
pub(super) struct ScopePlan {
    pub(super) levels: Vec<PlannedLevel>,
    pub(super) expected: Option<Expected>,
    /// All its steps, one after the other.
    pub(super) work: DurationRange,
    /// Steps on the critical path.
    pub(super) steps: u64,
    pub(super) critical: Vec<String>,
    pub(super) unknown: Vec<String>,
    /// Whether no step of it has steps, elements or passes of its own.
    pub(super) flat: bool,
}

/// The width of the widest level.
pub(super) fn widest(levels: &[PlannedLevel]) -> Option<u64> {
    levels.iter().map(|level| level.width).try_fold(0, |widest, width| Some(widest.max(width?)))
}

/// Plans a scope; its steps, and those inside them, are added to `out` in the order of the file.
pub(super) fn plan(planner: &Planner<'_>, body: &Body, place: &Place, out: &mut Vec<PlannedStep>) -> ScopePlan {
    let order = order(body);
    let level = levels(body, &order);
    let mut rows = Vec::new();
    let mut measures = Vec::new();
    for (ix, step) in body.steps.iter().enumerate() {
        let at = place.step(&step.id);
        rows.push(out.len());
        let row = out.len();
        out.push(PlannedStep {
            path: at.path.clone(),
            title: step.title.clone(),
            action: step.action.name(),
            parent: (!place.path.is_empty()).then(|| place.path.clone()),
            level: level[ix],
            critical: false,
            runs: Runs::Always,
            repeat: None,
            max_parallel: if let Action::Group(group) = &step.action { group.max_parallel } else { None },
            expected: None,
            basis: super::Basis::Unknown,
            samples: 0,
            levels: Vec::new(),
        });
        let measure = measure(planner, step, &at, out);
        let planned = &mut out[row];
        (planned.expected, planned.basis, planned.samples) = (measure.expected, measure.basis, measure.samples);
        (planned.repeat, planned.levels) = (measure.repeat, measure.levels.clone());
        measures.push(measure);
    }
    let all_ends: Vec<Vec<End>> = body.steps.iter().map(|step| ends(step, planner.known)).collect();
    let view = View { body, order: &order, ends: &all_ends, measures: &measures };
    let courses = courses(&all_ends);
    let runs = view.runs(&courses);
    for (row, runs) in rows.iter().zip(&runs) {
        out[*row].runs = *runs;
    }
    let paths: Vec<String> = rows.iter().map(|row| out[*row].path.clone()).collect();
    view.plan(&courses, &runs, &level, &paths)
}

/// A topological order; cycles are errors, so that there always is one.
fn order(body: &Body) -> Vec<usize> {
    let mut graph: DiGraph<usize, ()> = DiGraph::new();
    let nodes: Vec<_> = (0..body.steps.len()).map(|ix| graph.add_node(ix)).collect();
    for edge in &body.graph.edges {
        graph.add_edge(nodes[edge.from], nodes[edge.to], ());
    }
    toposort(&graph, None)
        .map_or_else(|_| (0..body.steps.len()).collect(), |order| order.iter().map(|node| graph[*node]).collect())
}

/// The longest way to each step, in edges.
fn levels(body: &Body, order: &[usize]) -> Vec<usize> {
    let mut level = vec![0; body.steps.len()];
    for &step in order {
        let sources = body.graph.incoming[step].iter().map(|edge| body.graph.edges[*edge].from);
        level[step] = sources.map(|from| level[from] + 1).max().unwrap_or(0);
    }
    level
}

/// A scope with what is known of its steps.
struct View<'a> {
    body: &'a Body,
    order: &'a [usize],
    ends: &'a [Vec<End>],
    measures: &'a [Measure],
}

impl View<'_> {
    fn schedule(&self, course: Course<'_>, costs: &[Cost]) -> Schedule {
        schedule(self.body, self.order, self.ends, course, costs)
    }

    /// The costs by one bound of the durations.
    fn costs(&self, bound: fn(&DurationRange) -> u64) -> Vec<Cost> {
        self.measures.iter().map(|measure| (measure.expected.map_or(0, |expected| bound(&expected.range)), 0)).collect()
    }

    fn runs(&self, courses: &Courses) -> Vec<Runs> {
        let free = vec![(0, 0); self.measures.len()];
        let every = |course| self.schedule(course, &free).runs;
        let (most, failing) = (every(Course::Most), every(Course::Failing));
        let mut always = every(Course::Least);
        let mut ever = most;
        if courses.complete {
            let each: Vec<Vec<bool>> = courses.picks.iter().map(|picks| every(Course::Picked(picks))).collect();
            for step in 0..free.len() {
                always[step] = each.iter().all(|runs| runs[step]);
                ever[step] = each.iter().any(|runs| runs[step]);
            }
        }
        let runs = |step: usize| match (always[step], ever[step], failing[step]) {
            (true, ..) => Runs::Always,
            (_, true, _) => Runs::Maybe,
            (_, _, true) => Runs::OnFailure,
            _ => Runs::Never,
        };
        (0..free.len()).map(runs).collect()
    }

    fn plan(&self, courses: &Courses, runs: &[Runs], level: &[usize], paths: &[String]) -> ScopePlan {
        let can_run = |step: &usize| matches!(runs[*step], Runs::Always | Runs::Maybe);
        let mut unknown: Vec<String> = Vec::new();
        for step in (0..paths.len()).filter(can_run) {
            unknown.extend(self.measures[step].unknown.iter().cloned());
        }
        let (range, work) = self.durations(courses);
        let path = self.critical(courses);
        let mut critical = Vec::new();
        for step in &path {
            critical.push(paths[*step].clone());
            critical.extend(self.measures[*step].critical.iter().cloned());
        }
        ScopePlan {
            levels: self.levels(courses, level, paths),
            expected: Some(Expected { range, at_least: !unknown.is_empty() }),
            work,
            steps: path.iter().map(|step| self.measures[*step].steps).sum(),
            critical,
            unknown,
            flat: self.measures.iter().all(|measure| measure.levels.is_empty() && measure.repeat.is_none()),
        }
    }

    /// The durations of the whole scope, and those of its steps one after the other.
    fn durations(&self, courses: &Courses) -> (DurationRange, DurationRange) {
        let costs = [self.costs(|range| range.low_ms), self.costs(|range| range.median_ms), self.costs(|range| range.high_ms)];
        let each = |costs: &[Cost]| {
            let take = |picks: &Vec<usize>| {
                let found = self.schedule(Course::Picked(picks), costs);
                (found.total.0, found.work)
            };
            let mut found: Vec<(u64, u64)> = courses.picks.iter().map(take).collect();
            found.sort_unstable();
            found
        };
        let bound = |course, costs: &[Cost]| {
            let found = self.schedule(course, costs);
            (found.total.0, found.work)
        };
        let (mut low, middle, mut high) = (each(&costs[0])[0], each(&costs[1]), each(&costs[2]));
        let mut longest = high.pop().unwrap_or_default();
        if !courses.complete {
            low = bound(Course::Least, &costs[0]);
            longest = bound(Course::Most, &costs[2]);
        }
        // Of an even number, the longer of the two in the middle.
        let median = middle[middle.len() / 2];
        let range = |low, median: u64, high| DurationRange { low_ms: low, median_ms: median.clamp(low, high), high_ms: high };
        (range(low.0, median.0, longest.0.max(low.0)), range(low.1, median.1, longest.1.max(low.1)))
    }

    /// The longest path of all courses, by what is known of durations; where that is equal, by the number of steps.
    fn critical(&self, courses: &Courses) -> Vec<usize> {
        let cost = |measure: &Measure| (measure.expected.map_or(0, |expected| expected.range.median_ms), measure.steps);
        let costs: Vec<Cost> = self.measures.iter().map(cost).collect();
        let found = courses.picks.iter().map(|picks| self.schedule(Course::Picked(picks), &costs));
        // The first of equals: the way that the file names first.
        let longest = found.reduce(|longest, other| if other.total > longest.total { other } else { longest });
        longest.map(|longest| longest.longest_path()).unwrap_or_default()
    }

    fn levels(&self, courses: &Courses, level: &[usize], paths: &[String]) -> Vec<PlannedLevel> {
        let free = vec![(0, 0); paths.len()];
        let mut levels = vec![PlannedLevel { steps: Vec::new(), width: Some(0) }; level.iter().max().map_or(0, |top| top + 1)];
        for (step, path) in paths.iter().enumerate() {
            levels[level[step]].steps.push(path.clone());
        }
        let picked = courses.picks.iter().map(|picks| self.schedule(Course::Picked(picks), &free).runs);
        let most = (!courses.complete).then(|| self.schedule(Course::Most, &free).runs);
        // What runs is the same for many courses.
        let runs: BTreeSet<Vec<bool>> = picked.chain(most).collect();
        for runs in runs {
            let mut widths = vec![Some(0_u64); levels.len()];
            for step in (0..paths.len()).filter(|step| runs[*step]) {
                let width = &mut widths[level[step]];
                *width = width.zip(self.measures[step].width).map(|(width, more)| width.saturating_add(more));
            }
            for (level, width) in levels.iter_mut().zip(widths) {
                level.width = level.width.zip(width).map(|(one, other)| one.max(other));
            }
        }
        levels
    }
}
