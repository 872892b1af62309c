//! Order and equality across values, numbers of all three types on one line.

use std::cmp::Ordering;

use super::meter::{EvalError, Meter};
use super::value::{Dict, Val};

/// The order of two numbers, whatever their types; none when one is not a number.
pub(crate) fn compare_numbers(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Double(a), Val::Double(b)) => a.partial_cmp(b),
        (Val::Double(a), b) => integer(b).and_then(|b| compare_double(*a, b)),
        (a, Val::Double(b)) => integer(a).and_then(|a| compare_double(*b, a)).map(Ordering::reverse),
        (a, b) => Some(integer(a)?.cmp(&integer(b)?)),
    }
}

/// A signed or unsigned integer.
pub(crate) fn integer(value: &Val<'_>) -> Option<i128> {
    match value {
        Val::Int(value) => Some(i128::from(*value)),
        Val::UInt(value) => Some(i128::from(*value)),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the double is within the range of i128 here")]
fn compare_double(double: f64, integer: i128) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    if double.abs() > 1e30 {
        return Some(if double > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let whole = double.trunc();
    Some((whole as i128).cmp(&integer).then_with(|| (double - whole).partial_cmp(&0.0).unwrap_or(Ordering::Equal)))
}

/// A number as a double.
#[allow(clippy::cast_precision_loss, reason = "beyond 2^53 the nearest one")]
pub(crate) fn as_double(value: &Val<'_>) -> Option<f64> {
    match value {
        Val::Int(value) => Some(*value as f64),
        Val::UInt(value) => Some(*value as f64),
        Val::Double(value) => Some(*value),
        _ => None,
    }
}

/// The integer that a double is; none when it has a fraction, or is so large that it may have lost one.
#[allow(clippy::cast_possible_truncation, reason = "checked to be integral and in range")]
pub(crate) fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9.0e15).then_some(value as i64)
}

pub(crate) fn is_number(value: &Val<'_>) -> bool {
    matches!(value, Val::Int(_) | Val::UInt(_) | Val::Double(_))
}

/// Equality by value; values of different types are unequal, except numbers.
pub(crate) fn equal(meter: &mut Meter, left: &Val<'_>, right: &Val<'_>) -> Result<bool, EvalError> {
    meter.step()?;
    Ok(match (left, right) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Text(a), Val::Text(b)) => {
            meter.look(a.as_str().len())?;
            a.as_str() == b.as_str()
        }
        (Val::Bytes(a), Val::Bytes(b)) => a == b,
        (Val::Timestamp(a), Val::Timestamp(b)) => a == b,
        (Val::Duration(a), Val::Duration(b)) => a == b,
        (Val::Type(a), Val::Type(b)) => a == b,
        (Val::List(a), Val::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(meter, &a, &b)? {
                    return Ok(false);
                }
            }
            true
        }
        (Val::Dict(a), Val::Dict(b)) => equal_dicts(meter, a, b)?,
        (a, b) if is_number(a) && is_number(b) => compare_numbers(a, b) == Some(Ordering::Equal),
        _ => false,
    })
}

fn equal_dicts(meter: &mut Meter, left: &Dict<'_>, right: &Dict<'_>) -> Result<bool, EvalError> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for key in left.keys() {
        let Some(key) = key.as_key() else {
            return Ok(false);
        };
        match (left.get(&key), right.get(&key)) {
            (Some(a), Some(b)) if equal(meter, &a, &b)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// The order of two values of one kind.
pub(crate) fn compare(meter: &mut Meter, left: &Val<'_>, right: &Val<'_>) -> Result<Option<Ordering>, EvalError> {
    meter.step()?;
    match (left, right) {
        (Val::Bool(a), Val::Bool(b)) => Ok(Some(a.cmp(b))),
        (Val::Text(a), Val::Text(b)) => {
            meter.look(a.as_str().len().min(b.as_str().len()))?;
            Ok(Some(a.as_str().cmp(b.as_str())))
        }
        (Val::Bytes(a), Val::Bytes(b)) => Ok(Some(a.cmp(b))),
        (Val::Timestamp(a), Val::Timestamp(b)) => Ok(Some(a.cmp(b))),
        (Val::Duration(a), Val::Duration(b)) => Ok(Some(a.cmp(b))),
        (a, b) if is_number(a) && is_number(b) => Ok(compare_numbers(a, b)),
        (a, b) => Err(EvalError::invalid(format!("{} and {} have no order", a.type_name(), b.type_name()))),
    }
}
