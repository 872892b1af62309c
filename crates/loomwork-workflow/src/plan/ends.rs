//! The ways in which a step can end without a failure, and the courses of a scope that follow from them.

use super::known::Known;
use crate::{Action, Step};

/// Courses of one scope that are looked at one by one; beyond, bounds are made from the least and the most that can happen.
const MOST_COURSES: usize = 256;

/// How a step ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Its condition is false.
    Skipped,
    /// On a port.
    Port(String),
}

impl End {
    /// The port.
    pub(super) fn port(&self) -> Option<&str> {
        match self {
            Self::Skipped => None,
            Self::Port(port) => Some(port),
        }
    }
}

/// How a step can end, given what the inputs decide. Never empty.
pub(super) fn ends(step: &Step, known: &Known) -> Vec<End> {
    let asked = step.when.as_ref().map(|when| known.condition(when));
    if asked == Some(Some(false)) {
        return vec![End::Skipped];
    }
    let named = |names: &mut dyn Iterator<Item = &str>| names.map(|name| End::Port(name.to_owned())).collect();
    let mut ends: Vec<End> = match &step.action {
        _ if step.repeat.is_some() => named(&mut ["succeeded"].into_iter()),
        Action::Choose(choose) => known.cases(choose).into_iter().map(End::Port).collect(),
        Action::Approve(_) => named(&mut ["approved", "rejected"].into_iter()),
        Action::FirstOf(branches) => named(&mut branches.keys().map(String::as_str)),
        _ => named(&mut ["succeeded"].into_iter()),
    };
    if asked == Some(None) {
        ends.push(End::Skipped);
    }
    ends
}

/// The courses that a scope can take.
pub(super) struct Courses {
    /// For each course, which of its ends each step takes. Never empty.
    pub(super) picks: Vec<Vec<usize>>,
    /// Whether these are all of them.
    pub(super) complete: bool,
}

/// All courses, or, when they are too many, some in which every end of every step is taken once.
pub(super) fn courses(ends: &[Vec<End>]) -> Courses {
    let total = ends.iter().try_fold(1_usize, |total, ends| total.checked_mul(ends.len()).filter(|n| *n <= MOST_COURSES));
    let Some(total) = total else {
        let longest = ends.iter().map(Vec::len).max().unwrap_or(1).min(MOST_COURSES);
        let picks = (0..longest).map(|nth| ends.iter().map(|ends| nth % ends.len()).collect()).collect();
        return Courses { picks, complete: false };
    };
    let course = |nth: usize| {
        let mut rest = nth;
        let pick = |ends: &Vec<End>| {
            let picked = rest % ends.len();
            rest /= ends.len();
            picked
        };
        ends.iter().map(pick).collect::<Vec<usize>>()
    };
    Courses { picks: (0..total).map(course).collect(), complete: true }
}
