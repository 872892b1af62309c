//! Functions over numbers.

use std::cmp::Ordering;

use super::super::meter::{EvalError, Meter};
use super::super::number::{as_double, compare_numbers, is_number};
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
        if !is_number(&item) {
            return Err(unfit("sum", "numbers", &item));
        }
        total = apply(meter, Operator::Add, total, item)?;
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
        total += double("avg", &item)?;
    }
    Ok(Val::Double(total / list.len() as f64))
}

fn double(function: &str, value: &Val<'_>) -> Result<f64, EvalError> {
    as_double(value).ok_or_else(|| unfit(function, "numbers", value))
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
    double("math.sqrt", &args[0]).map(|value| Val::Double(value.sqrt()))
}

pub(super) fn is_nan<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    double("math.isNaN", &args[0]).map(|value| Val::Bool(value.is_nan()))
}

pub(super) fn is_inf<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    double("math.isInf", &args[0]).map(|value| Val::Bool(value.is_infinite()))
}

pub(super) fn is_finite<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    double("math.isFinite", &args[0]).map(|value| Val::Bool(value.is_finite()))
}

/// The bits of two whole numbers of one type.
fn bits<'a>(function: &str, args: &[Val<'a>], combine: fn(u64, u64) -> u64) -> Result<Val<'a>, EvalError> {
    match (&args[0], &args[1]) {
        (Val::Int(a), Val::Int(b)) => Ok(Val::Int(combine(a.cast_unsigned(), b.cast_unsigned()).cast_signed())),
        (Val::UInt(a), Val::UInt(b)) => Ok(Val::UInt(combine(*a, *b))),
        (Val::Int(_), other) => Err(unfit(function, "two whole numbers of one type", other)),
        (Val::UInt(_), other) => Err(unfit(function, "two unsigned whole numbers", other)),
        (other, _) => Err(unfit(function, "whole numbers", other)),
    }
}

pub(super) fn bit_and<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    bits("math.bitAnd", args, |a, b| a & b)
}

pub(super) fn bit_or<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    bits("math.bitOr", args, |a, b| a | b)
}

pub(super) fn bit_xor<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    bits("math.bitXor", args, |a, b| a ^ b)
}

pub(super) fn bit_not<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Int(value) => Ok(Val::Int(!value)),
        Val::UInt(value) => Ok(Val::UInt(!value)),
        other => Err(unfit("math.bitNot", "a whole number", other)),
    }
}

/// Moves bits; beyond the width nothing is left (CEL's math extension).
fn shifted<'a>(function: &str, args: &[Val<'a>], shift: fn(u64, u32) -> Option<u64>) -> Result<Val<'a>, EvalError> {
    let count = match &args[1] {
        Val::Int(count) if *count < 0 => return Err(EvalError::invalid(format!("`{function}` takes no negative count"))),
        Val::Int(count) => count.cast_unsigned(),
        Val::UInt(count) => *count,
        other => return Err(unfit(function, "a whole number as its count", other)),
    };
    let moved = |value: u64| u32::try_from(count).ok().and_then(|count| shift(value, count)).unwrap_or(0);
    match &args[0] {
        Val::Int(value) => Ok(Val::Int(moved(value.cast_unsigned()).cast_signed())),
        Val::UInt(value) => Ok(Val::UInt(moved(*value))),
        other => Err(unfit(function, "a whole number", other)),
    }
}

pub(super) fn bit_shift_left<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    shifted("math.bitShiftLeft", args, u64::checked_shl)
}

pub(super) fn bit_shift_right<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    shifted("math.bitShiftRight", args, u64::checked_shr)
}
