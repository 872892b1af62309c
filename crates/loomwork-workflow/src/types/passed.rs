//! Reads of fields of an output that is null when its step failed and `on_error` let the run go on.
//!
//! Invariant: only what no condition asks about is told. Which way a condition leads is not looked at: one that asks
//! anything of the step is taken to keep the read from being reached. `has(steps.x.output)` asks nothing, because null is there.

use std::collections::{BTreeMap, HashSet};

use crate::decode::{BodySketch, Purpose};
use crate::expression::{Code, Program, StepField};
use crate::model::{Action, ErrorAction, Repeat, Step};

use super::check::{Site, Wants};

/// Whether a failure of the step may leave its output null. Elements of a `for_each` fail one by one.
pub(super) fn may_be_null(step: &Step) -> bool {
    let whole = matches!(step.action, Action::Group(_)) || !matches!(step.repeat, Some(Repeat::ForEach(_)));
    whole && step.on_error.iter().any(|rule| matches!(rule.then, ErrorAction::Continue))
}

/// What an expression does with the steps it names.
#[derive(Default)]
struct Uses<'p> {
    /// Fields read of outputs, by step.
    read: BTreeMap<&'p str, &'p str>,
    /// Steps of which anything else is asked.
    asked: HashSet<&'p str>,
}

/// The steps of whose output an expression reads a field without asking anything else of them, with such a field.
pub(super) fn plain_reads(program: &Program) -> Vec<(&str, &str)> {
    let mut uses = Uses::default();
    uses.of(&program.code);
    uses.read.into_iter().filter(|(step, _)| !uses.asked.contains(step)).collect()
}

/// The names of steps of which a condition asks more than a field of their output, anywhere.
pub(super) fn asked_about(body: &BodySketch<'_>, into: &mut HashSet<String>) {
    for step in &body.steps {
        let condition = |site: &&Site| site.wants == Wants::Condition && site.purpose == Purpose::Run;
        for program in step.sites.iter().filter(condition).flat_map(|site| &site.programs) {
            let mut uses = Uses::default();
            uses.of(&program.code);
            into.extend(uses.asked.into_iter().map(str::to_owned));
        }
        if let Some(inner) = &step.body {
            asked_about(inner, into);
        }
    }
}

impl<'p> Uses<'p> {
    fn of(&mut self, code: &'p Code) {
        match code {
            Code::Step { step, .. } => drop(self.asked.insert(step)),
            Code::Has(operand) if output(operand).is_some() => {}
            Code::Select(operand, field) => match output(operand) {
                Some(step) => drop(self.read.insert(step, field)),
                None => self.of(operand),
            },
            Code::If(one, two, three) => [one, two, three].into_iter().for_each(|code| self.of(code)),
            Code::Index(one, two)
            | Code::And(one, two)
            | Code::Or(one, two)
            | Code::Binary(_, one, two)
            | Code::Bind(one, two) => {
                [one, two].into_iter().for_each(|code| self.of(code));
            }
            Code::Has(one) | Code::Not(one) | Code::Negate(one) | Code::Matches(one, _) => self.of(one),
            Code::List(items) | Code::Call(_, items) => items.iter().for_each(|item| self.of(item)),
            Code::Map(entries) => entries.iter().for_each(|(key, value)| {
                self.of(key);
                self.of(value);
            }),
            Code::Fold { range, filter, body, .. } => {
                self.of(range);
                filter.iter().for_each(|filter| self.of(filter));
                self.of(body);
            }
            Code::Constant(_)
            | Code::Type(_)
            | Code::Local(_)
            | Code::Inputs
            | Code::Env
            | Code::Run
            | Code::StartedAt
            | Code::Given(_)
            | Code::Secret(_) => {}
        }
    }
}

fn output(code: &Code) -> Option<&str> {
    match code {
        Code::Step { step, field: StepField::Output } => Some(step),
        _ => None,
    }
}
