//! Functions over numbers.

use std::cmp::Ordering;

use super::super::meter::{EvalError, Meter};
use super::super::number::{compare_numbers, is_number};
use super::super::operators::apply;
use super::super::program::Operator;
use super::super::value::Val;
use super::lists::list_of;
use super::unfit;

/// The sum of a list of numbers; integers stay integers until a double comes, an empty list gives 0.
pub(super) fn sum<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let mut total = Val::Int(0);
    for item in list_of("sum", &args[0])?.iter() {
        meter.step()?;
        total = match (&total, &item) {
            (Val::Int(_), Val::Int(_)) | (Val::Double(_), Val::Double(_)) => apply(meter, Operator::Add, total, item)?,
            (Val::Int(0), Val::UInt(_)) => item,
            (Val::UInt(_), Val::UInt(_)) => apply(meter, Operator::Add, total, item)?,
            (a, b) => Val::Double(as_double("sum", a)? + as_double("sum", b)?),
        };
    }
    Ok(total)
}

/// The mean of a list of numbers, always a double.
#[allow(clippy::cast_precision_loss, reason = "a mean is a double")]
pub(super) fn avg<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let list = list_of("avg", &args[0])?;
    if list.len() == 0 {
        return Err(EvalError::invalid("an empty list has no average"));
    }
    let mut total = 0.0;
    for item in list.iter() {
        meter.step()?;
        total += as_double("avg", &item)?;
    }
    Ok(Val::Double(total / list.len() as f64))
}

#[allow(clippy::cast_precision_loss, reason = "asked for")]
fn as_double(function: &str, value: &Val<'_>) -> Result<f64, EvalError> {
    match value {
        Val::Int(value) => Ok(*value as f64),
        Val::UInt(value) => Ok(*value as f64),
        Val::Double(value) => Ok(*value),
        other => Err(unfit(function, "numbers", other)),
    }
}

fn extreme<'a>(meter: &mut Meter, function: &str, args: &[Val<'a>], wanted: Ordering) -> Result<Val<'a>, EvalError> {
    let items: Vec<Val<'a>> = match args {
        [Val::List(list)] => {
            meter.make(list.len() * size_of::<Val<'_>>())?;
            list.iter().collect()
        }
        values => values.to_vec(),
    };
    meter.steps(items.len())?;
    let mut best: Option<Val<'a>> = None;
    for item in items {
        if !is_number(&item) {
            return Err(unfit(function, "numbers", &item));
        }
        if best.as_ref().is_none_or(|best| compare_numbers(&item, best) == Some(wanted)) {
            best = Some(item);
        }
    }
    best.ok_or_else(|| EvalError::Missing("the list is empty".to_owned()))
}

pub(super) fn greatest<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    extreme(meter, "math.greatest", args, Ordering::Greater)
}

pub(super) fn least<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    extreme(meter, "math.least", args, Ordering::Less)
}

pub(super) fn abs<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Int(value) => {
            value.checked_abs().map(Val::Int).ok_or_else(|| EvalError::invalid("the result is outside the range of its type"))
        }
        Val::UInt(value) => Ok(Val::UInt(*value)),
        Val::Double(value) => Ok(Val::Double(value.abs())),
        other => Err(unfit("math.abs", "a number", other)),
    }
}

pub(super) fn sign<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Int(value) => Ok(Val::Int(value.signum())),
        Val::UInt(value) => Ok(Val::UInt(u64::from(*value > 0))),
        Val::Double(value) => Ok(Val::Double(if *value == 0.0 || value.is_nan() { *value } else { value.signum() })),
        other => Err(unfit("math.sign", "a number", other)),
    }
}

fn rounded<'a>(function: &str, value: &Val<'a>, round: fn(f64) -> f64) -> Result<Val<'a>, EvalError> {
    match value {
        Val::Double(value) => Ok(Val::Double(round(*value))),
        Val::Int(_) | Val::UInt(_) => Ok(value.clone()),
        other => Err(unfit(function, "a number", other)),
    }
}

pub(super) fn ceil<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    rounded("math.ceil", &args[0], f64::ceil)
}

pub(super) fn floor<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    rounded("math.floor", &args[0], f64::floor)
}

pub(super) fn round<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    rounded("math.round", &args[0], f64::round)
}

pub(super) fn trunc<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    rounded("math.trunc", &args[0], f64::trunc)
}

pub(super) fn sqrt<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    as_double("math.sqrt", &args[0]).map(|value| Val::Double(value.sqrt()))
}

pub(super) fn is_nan<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    as_double("math.isNaN", &args[0]).map(|value| Val::Bool(value.is_nan()))
}

pub(super) fn is_inf<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    as_double("math.isInf", &args[0]).map(|value| Val::Bool(value.is_infinite()))
}

pub(super) fn is_finite<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    as_double("math.isFinite", &args[0]).map(|value| Val::Bool(value.is_finite()))
}
