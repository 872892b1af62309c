//! What a run of a workflow will look like, before it starts: levels, critical path, what runs side by side, how long it
//! takes, how complex it is.
//!
//! Invariant: a plan is of a run in which nothing fails. What is not known is said to be unknown and never guessed.
//!
//! Not here: where the history comes from (`loomwork-app`), what a plan looks like to people (the shells), and when steps
//! really start: slots of the engine are not looked at.
//!
//! # How durations come about
//!
//! A timer's duration is known; steps that only decide take none; any other step takes what it took in earlier runs. A
//! group takes what its steps take along their edges; a for-each takes rounds of `max_parallel` elements, a loop takes from
//! one pass to `max`. Where decisions are open (`choose`, `approve`, `first_of`, `when`) the ways are alternatives: the low
//! bound is that of the shortest way, the high bound that of the longest, the median that of the middle one.

mod complexity;
mod ends;
mod known;
mod range;
mod schedule;
mod scope;
mod step;

use std::collections::HashSet;

use serde_json::{Map, Value};

pub use complexity::Complexity;
pub use range::{DurationRange, History};

use crate::Workflow;
use known::Known;

/// What a run will look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps in the order of the file, a group before its own.
    pub steps: Vec<PlannedStep>,
    /// The levels of the outermost scope.
    pub levels: Vec<PlannedLevel>,
    /// Paths of the steps that the end waits for, in order; a group stands before its own.
    pub critical_path: Vec<String>,
    /// What makes the critical path the longest.
    pub critical_by: CriticalBy,
    /// How long a run takes; none when nothing is known.
    pub expected: Option<Expected>,
    /// Paths of the steps whose duration is not known.
    pub unknown: Vec<String>,
    /// Most steps of one level that can run side by side; none when there is no bound.
    pub width: Option<u64>,
    /// How complex it is.
    pub complexity: Complexity,
    /// Earlier runs that the durations are taken from.
    pub runs: u32,
}

/// Steps that wait for nothing but earlier levels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlannedLevel {
    /// Their paths, in the order of the file.
    pub steps: Vec<String>,
    /// How many of them, with those inside them, can run side by side; none when there is no bound.
    pub width: Option<u64>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// Its path, without numbers of elements and passes.
    pub path: String,
    /// Its title, if any.
    pub title: Option<String>,
    /// The key of its action.
    pub action: &'static str,
    /// The group in which it stands, if any.
    pub parent: Option<String>,
    /// Its level within its scope, from 0.
    pub level: usize,
    /// Whether the end waits for it.
    pub critical: bool,
    /// Whether it runs.
    pub runs: Runs,
    /// How it is repeated.
    pub repeat: Option<PlannedRepeat>,
    /// Steps of its own that may be under way at one time, when it is a group with a bound.
    pub max_parallel: Option<u32>,
    /// How long it takes; none when that is not known.
    pub expected: Option<Expected>,
    /// Where that comes from.
    pub basis: Basis,
    /// Durations in the history that it is taken from.
    pub samples: u32,
    /// The levels of its own steps, when it is a group.
    pub levels: Vec<PlannedLevel>,
}

/// How long something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected {
    /// The range.
    pub range: DurationRange,
    /// Whether parts of it are not known and count as nothing.
    pub at_least: bool,
}

/// Whether a step runs, given that what is around it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Whatever is decided.
    Always,
    /// When it is decided so.
    Maybe,
    /// Only when something fails.
    OnFailure,
    /// Not with these inputs.
    Never,
}

/// Where a duration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// It only decides, which takes no time to speak of.
    Instant,
    /// The file says it.
    Timer,
    /// Earlier runs.
    History,
    /// Its own steps, elements or passes.
    Parts,
    /// Nothing.
    Unknown,
}

/// How a planned step is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedRepeat {
    /// For each element of a list.
    ForEach {
        /// Its elements, when the inputs say how many.
        count: Option<u64>,
        /// Elements under way at one time, when that is bounded.
        max_parallel: Option<u32>,
    },
    /// Again and again.
    Loop {
        /// Passes at the most.
        max: u32,
    },
}

/// What makes a path the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CriticalBy {
    /// Its expected duration, as far as it is known; of equals the number of steps decides.
    Duration,
    /// Its number of steps: no duration is known.
    Steps,
}

/// Plans a run. `inputs` are the resolved ones as far as they are known.
#[must_use]
pub fn plan(workflow: &Workflow, inputs: Option<&Map<String, Value>>, history: &History) -> Plan {
    let known = Known::new(workflow, inputs);
    let planner = Planner { known: &known, history };
    let mut steps = Vec::new();
    let scope = scope::plan(&planner, &workflow.body, &scope::Place::default(), &mut steps);
    let critical: HashSet<&str> = scope.critical.iter().map(String::as_str).collect();
    for step in &mut steps {
        step.critical = critical.contains(step.path.as_str());
    }
    // Nothing is known when not a single step takes a time that is.
    let expected = scope.expected.filter(|expected| !expected.at_least || expected.range.high_ms > 0);
    let critical_by = if expected.is_some() { CriticalBy::Duration } else { CriticalBy::Steps };
    Plan {
        complexity: complexity::of(&workflow.body),
        steps,
        width: scope::widest(&scope.levels),
        levels: scope.levels,
        critical_path: scope.critical,
        critical_by,
        expected,
        unknown: scope.unknown,
        runs: history.runs,
    }
}

/// What the whole plan is made with.
struct Planner<'a> {
    known: &'a Known,
    history: &'a History,
}
