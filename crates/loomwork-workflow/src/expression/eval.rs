//! Evaluates a program in a scope.

use std::sync::Arc;

use indexmap::IndexMap;

use super::functions::sort_pairs;
use super::meter::{EvalError, Meter};
use super::operators::{apply, index, select};
use super::program::{Code, Constant, Fold, StepField};
use super::scope::{Scope, StepScope};
use super::time::parse_timestamp;
use super::value::{Dict, List, Text, Val};

/// An evaluation under way.
pub(crate) struct Evaluation<'a> {
    scope: &'a Scope,
    locals: Vec<Val<'a>>,
    pub(crate) meter: Meter,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(scope: &'a Scope) -> Self {
        Self { scope, locals: Vec::new(), meter: Meter::new() }
    }

    pub(crate) fn eval(&mut self, code: &'a Code) -> Result<Val<'a>, EvalError> {
        self.meter.step()?;
        match code {
            Code::Constant(constant) => Ok(constant_value(constant)),
            Code::Type(name) => Ok(Val::Type(name)),
            Code::Local(slot) => Ok(self.locals[*slot].clone()),
            Code::Inputs => Ok(Val::from_json(&self.scope.inputs)),
            Code::Env => Ok(Val::from_json(&self.scope.env)),
            Code::Run => Ok(Val::from_json(&self.scope.run)),
            Code::StartedAt => self.started_at(),
            Code::Given(name) => self.given(name),
            Code::Secret(name) => Ok(Val::from_owned_json(super::template::hole(name))),
            Code::Step { step, field } => self.step_field(step, *field),
            Code::Select(operand, field) => {
                let container = self.eval(operand)?;
                select(&container, field)
            }
            Code::Has(operand) => match self.eval(operand) {
                Ok(_) => Ok(Val::Bool(true)),
                Err(EvalError::Missing(_)) => Ok(Val::Bool(false)),
                Err(error) => Err(error),
            },
            Code::Index(operand, at) => {
                let container = self.eval(operand)?;
                let at = self.eval(at)?;
                index(&container, &at)
            }
            Code::List(items) => {
                self.meter.make(items.len() * size_of::<Val<'_>>())?;
                items.iter().map(|item| self.eval(item)).collect::<Result<Vec<_>, _>>().map(Val::list)
            }
            Code::Map(entries) => self.map(entries),
            Code::And(left, right) => self.logical(left, right, false),
            Code::Or(left, right) => self.logical(left, right, true),
            Code::Not(operand) => self.condition(operand, "`!`").map(|value| Val::Bool(!value)),
            Code::Negate(operand) => negate(&self.eval(operand)?),
            Code::If(condition, then, otherwise) => {
                if self.condition(condition, "`? :`")? {
                    self.eval(then)
                } else {
                    self.eval(otherwise)
                }
            }
            Code::Binary(operator, left, right) => {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                apply(&mut self.meter, *operator, left, right)
            }
            Code::Call(builtin, arguments) => {
                let arguments = arguments.iter().map(|argument| self.eval(argument)).collect::<Result<Vec<_>, _>>()?;
                (builtin.call)(&mut self.meter, &arguments)
            }
            Code::Matches(text, regex) => match self.eval(text)? {
                Val::Text(text) => {
                    self.meter.steps(text.as_str().len() / 8)?;
                    Ok(Val::Bool(regex.is_match(text.as_str())))
                }
                other => Err(EvalError::invalid(format!("`matches` takes text, not {}", other.type_name()))),
            },
            Code::Bind(value, inside) => {
                let value = self.eval(value)?;
                self.locals.push(value);
                let outcome = self.eval(inside);
                self.locals.pop();
                outcome
            }
            Code::Fold { fold: Fold::SortBy, range, body, .. } => self.sort_by(range, body),
            Code::Fold { fold, range, filter, body } => self.fold(*fold, range, filter.as_deref(), body),
        }
    }

    fn condition(&mut self, code: &'a Code, place: &str) -> Result<bool, EvalError> {
        match self.eval(code)? {
            Val::Bool(value) => Ok(value),
            other => Err(EvalError::invalid(format!("{place} takes true or false, not {}", other.type_name()))),
        }
    }

    /// `&&` and `||`: a decisive side hides an error of the other, whichever side it is (CEL specification, "Logical Operators").
    fn logical(&mut self, left: &'a Code, right: &'a Code, decisive: bool) -> Result<Val<'a>, EvalError> {
        let sign = if decisive { "`||`" } else { "`&&`" };
        match self.condition(left, sign) {
            Ok(value) if value == decisive => Ok(Val::Bool(value)),
            Ok(_) => self.condition(right, sign).map(Val::Bool),
            Err(error) if error.is_bound() => Err(error),
            Err(error) => match self.condition(right, sign) {
                Ok(value) if value == decisive => Ok(Val::Bool(value)),
                Err(later) if later.is_bound() => Err(later),
                _ => Err(error),
            },
        }
    }

    fn started_at(&mut self) -> Result<Val<'a>, EvalError> {
        let run = Val::from_json(&self.scope.run);
        match select(&run, "started_at")? {
            Val::Text(text) => parse_timestamp(text.as_str()).map(Val::Timestamp),
            other => Ok(other),
        }
    }

    fn given(&self, name: &str) -> Result<Val<'a>, EvalError> {
        let scope: &'a Scope = self.scope;
        let found = scope.locals.get(name).ok_or_else(|| EvalError::Missing(format!("`{name}` is not in scope here")))?;
        Ok(Val::from_json(found))
    }

    fn step_field(&mut self, step: &str, field: StepField) -> Result<Val<'a>, EvalError> {
        let scope: &'a Scope = self.scope;
        let found: &'a StepScope =
            scope.steps.get(step).ok_or_else(|| EvalError::Missing(format!("step `{step}` has not ended")))?;
        match field {
            StepField::Output => found.output.as_deref().map(Val::from_json).ok_or_else(|| {
                EvalError::Missing(format!("step `{step}` has no output: it is {}. Guard the read with has()", found.status))
            }),
            StepField::Status => Ok(Val::Text(Text::Borrowed(&found.status))),
            StepField::Error => match &found.error {
                Some(error) => Ok(Val::from_json(error)),
                None => Err(EvalError::Missing(format!("step `{step}` has no error: it is {}", found.status))),
            },
            StepField::Attempts => Ok(Val::Int(i64::from(found.attempts))),
            StepField::Duration => {
                let ms = i64::try_from(found.duration_ms).unwrap_or(i64::MAX);
                Ok(Val::Duration(jiff::SignedDuration::from_millis(ms)))
            }
        }
    }

    fn map(&mut self, entries: &'a [(Code, Code)]) -> Result<Val<'a>, EvalError> {
        self.meter.make(entries.len() * 2 * size_of::<Val<'_>>())?;
        let mut map = IndexMap::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.eval(key)?;
            let key = key.as_key().ok_or_else(|| EvalError::invalid(format!("{} cannot be a key", key.type_name())))?;
            let described = key.describe();
            let value = self.eval(value)?;
            if map.insert(key, value).is_some() {
                return Err(EvalError::invalid(format!("the key {described} stands twice in the map")));
            }
        }
        Ok(Val::Dict(Dict::Entries(Arc::new(map))))
    }

    fn fold(&mut self, fold: Fold, range: &'a Code, filter: Option<&'a Code>, body: &'a Code) -> Result<Val<'a>, EvalError> {
        let elements = self.elements(range)?;
        let mut kept = Vec::new();
        let mut count = 0_usize;
        let mut first_error = None;
        for element in elements.iter() {
            self.meter.step()?;
            self.locals.push(element);
            let outcome = self.element(fold, filter, body);
            self.locals.pop();
            match (fold, outcome) {
                (_, Err(error)) if error.is_bound() => return Err(error),
                (Fold::All | Fold::Exists, Err(error)) => {
                    first_error.get_or_insert(error);
                }
                (_, Err(error)) => return Err(error),
                (_, Ok(None)) => {}
                (Fold::Map, Ok(Some(value))) => {
                    self.meter.make(size_of::<Val<'_>>())?;
                    kept.push(value);
                }
                (Fold::All, Ok(Some(Val::Bool(false)))) => return Ok(Val::Bool(false)),
                (Fold::Exists, Ok(Some(Val::Bool(true)))) => return Ok(Val::Bool(true)),
                (_, Ok(Some(Val::Bool(value)))) => count += usize::from(value),
                (_, Ok(Some(other))) => {
                    let error = EvalError::invalid(format!("the condition must be true or false, not {}", other.type_name()));
                    first_error.get_or_insert(error);
                }
            }
        }
        match (fold, first_error) {
            (_, Some(error)) => Err(error),
            (Fold::Map | Fold::SortBy, None) => Ok(Val::list(kept)),
            (Fold::All, None) => Ok(Val::Bool(true)),
            (Fold::Exists, None) => Ok(Val::Bool(false)),
            (Fold::ExistsOne, None) => Ok(Val::Bool(count == 1)),
        }
    }

    /// What a macro goes through: the elements of a list, the keys of a map.
    fn elements(&mut self, range: &'a Code) -> Result<List<'a>, EvalError> {
        match self.eval(range)? {
            Val::List(list) => Ok(list),
            Val::Dict(map) => {
                self.meter.make(map.len() * size_of::<Val<'_>>())?;
                Ok(List::Items(Arc::new(map.keys().collect())))
            }
            other => Err(EvalError::invalid(format!("a list or a map is needed here, not {}", other.type_name()))),
        }
    }

    fn sort_by(&mut self, range: &'a Code, key: &'a Code) -> Result<Val<'a>, EvalError> {
        let elements = self.elements(range)?;
        self.meter.make(elements.len() * 2 * size_of::<Val<'_>>())?;
        let mut pairs = Vec::with_capacity(elements.len());
        for element in elements.iter() {
            self.meter.step()?;
            self.locals.push(element.clone());
            let key = self.eval(key);
            self.locals.pop();
            pairs.push((key?, element));
        }
        sort_pairs(&mut self.meter, "sortBy", &mut pairs)?;
        Ok(Val::list(pairs.into_iter().map(|(_, element)| element).collect()))
    }

    /// One element: none when the filter leaves it out.
    fn element(&mut self, fold: Fold, filter: Option<&'a Code>, body: &'a Code) -> Result<Option<Val<'a>>, EvalError> {
        if let Some(filter) = filter
            && fold == Fold::Map
            && !self.condition(filter, "the condition")?
        {
            return Ok(None);
        }
        self.eval(body).map(Some)
    }
}

fn constant_value(constant: &Constant) -> Val<'_> {
    match constant {
        Constant::Null => Val::Null,
        Constant::Bool(value) => Val::Bool(*value),
        Constant::Int(value) => Val::Int(*value),
        Constant::UInt(value) => Val::UInt(*value),
        Constant::Double(value) => Val::Double(*value),
        Constant::Text(text) => Val::Text(Text::Borrowed(text)),
        Constant::Bytes(bytes) => Val::Bytes(Arc::clone(bytes)),
    }
}

fn negate<'a>(value: &Val<'a>) -> Result<Val<'a>, EvalError> {
    match value {
        Val::Int(value) => {
            value.checked_neg().map(Val::Int).ok_or_else(|| EvalError::invalid("the result is outside the range of its type"))
        }
        Val::Double(value) => Ok(Val::Double(-value)),
        Val::Duration(value) => value
            .checked_neg()
            .map(Val::Duration)
            .ok_or_else(|| EvalError::invalid("the result is outside the range of its type")),
        other => Err(EvalError::invalid(format!("`-` does not take {}", other.type_name()))),
    }
}
