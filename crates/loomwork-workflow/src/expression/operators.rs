//! The operators that evaluate both sides.

use std::cmp::Ordering;
use std::sync::Arc;

use super::meter::{EvalError, Meter};
use super::number::{as_double, compare, equal, integer, is_number};
use super::program::Operator;
use super::value::{Dict, List, Val};

pub(crate) fn apply<'a>(meter: &mut Meter, operator: Operator, left: Val<'a>, right: Val<'a>) -> Result<Val<'a>, EvalError> {
    let order = |meter: &mut Meter, test: fn(Ordering) -> bool| {
        compare(meter, &left, &right).map(|order| Val::Bool(order.is_some_and(test)))
    };
    match operator {
        Operator::Equal => equal(meter, &left, &right).map(Val::Bool),
        Operator::NotEqual => equal(meter, &left, &right).map(|same| Val::Bool(!same)),
        Operator::Less => order(meter, Ordering::is_lt),
        Operator::LessOrEqual => order(meter, Ordering::is_le),
        Operator::Greater => order(meter, Ordering::is_gt),
        Operator::GreaterOrEqual => order(meter, Ordering::is_ge),
        Operator::In => contains(meter, &left, &right),
        Operator::Add => add(meter, left, right),
        Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => arithmetic(operator, &left, &right),
    }
}

fn contains<'a>(meter: &mut Meter, needle: &Val<'a>, hay: &Val<'a>) -> Result<Val<'a>, EvalError> {
    match hay {
        Val::List(items) => {
            for item in items.iter() {
                if equal(meter, needle, &item)? {
                    return Ok(Val::Bool(true));
                }
            }
            Ok(Val::Bool(false))
        }
        Val::Dict(map) => Ok(Val::Bool(needle.as_key().is_some_and(|key| map.get(&key).is_some()))),
        other => Err(EvalError::invalid(format!("`in` takes a list or a map, not {}", other.type_name()))),
    }
}

fn add<'a>(meter: &mut Meter, left: Val<'a>, right: Val<'a>) -> Result<Val<'a>, EvalError> {
    match (left, right) {
        (Val::Text(a), Val::Text(b)) => {
            meter.make(a.as_str().len() + b.as_str().len())?;
            Ok(Val::text([a.as_str(), b.as_str()].concat()))
        }
        (Val::Bytes(a), Val::Bytes(b)) => {
            meter.make(a.len() + b.len())?;
            Ok(Val::Bytes(Arc::from([&a[..], &b[..]].concat())))
        }
        (Val::List(a), Val::List(b)) => {
            let count = a.len() + b.len();
            meter.steps(count)?;
            meter.make(count * size_of::<Val<'_>>())?;
            Ok(Val::List(List::Items(Arc::new(a.iter().chain(b.iter()).collect()))))
        }
        (Val::Timestamp(at), Val::Duration(by)) | (Val::Duration(by), Val::Timestamp(at)) => {
            at.checked_add(by).map(Val::Timestamp).map_err(|_| overflow())
        }
        (Val::Duration(a), Val::Duration(b)) => a.checked_add(b).map(Val::Duration).ok_or_else(overflow),
        (a, b) => arithmetic(Operator::Add, &a, &b),
    }
}

fn overflow() -> EvalError {
    EvalError::invalid("the result is outside the range of its type")
}

fn arithmetic<'a>(operator: Operator, left: &Val<'a>, right: &Val<'a>) -> Result<Val<'a>, EvalError> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => int(operator, *a, *b).map(Val::Int),
        (Val::UInt(a), Val::UInt(b)) => uint(operator, *a, *b).map(Val::UInt),
        (Val::Int(_) | Val::UInt(_), Val::Int(_) | Val::UInt(_)) => mixed(operator, left, right),
        _ if operator != Operator::Remainder && is_number(left) && is_number(right) => double(operator, left, right),
        (Val::Timestamp(a), Val::Timestamp(b)) if operator == Operator::Subtract => Ok(Val::Duration(a.duration_since(*b))),
        (Val::Timestamp(at), Val::Duration(by)) if operator == Operator::Subtract => {
            at.checked_sub(*by).map(Val::Timestamp).map_err(|_| overflow())
        }
        (Val::Duration(a), Val::Duration(b)) if operator == Operator::Subtract => {
            a.checked_sub(*b).map(Val::Duration).ok_or_else(overflow)
        }
        _ => Err(mismatch(operator, left, right)),
    }
}

/// Two numbers of which one is a double: JSON does not say which of its numbers are whole by intention, so an integer
/// counts as a double here, as it does in comparisons.
fn double<'a>(operator: Operator, left: &Val<'a>, right: &Val<'a>) -> Result<Val<'a>, EvalError> {
    let (Some(a), Some(b)) = (as_double(left), as_double(right)) else { return Err(mismatch(operator, left, right)) };
    Ok(Val::Double(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        _ => a / b,
    }))
}

/// A signed and an unsigned integer: signed when the result fits.
fn mixed<'a>(operator: Operator, left: &Val<'a>, right: &Val<'a>) -> Result<Val<'a>, EvalError> {
    let (Some(a), Some(b)) = (integer(left), integer(right)) else { return Err(mismatch(operator, left, right)) };
    let result = match operator {
        Operator::Divide | Operator::Remainder if b == 0 => return Err(EvalError::invalid("division by zero")),
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => a % b,
    };
    let signed = i64::try_from(result).map(Val::Int);
    signed.or_else(|_| u64::try_from(result).map(Val::UInt)).map_err(|_| overflow())
}

fn int(operator: Operator, a: i64, b: i64) -> Result<i64, EvalError> {
    match operator {
        Operator::Divide | Operator::Remainder if b == 0 => Err(EvalError::invalid("division by zero")),
        Operator::Add => a.checked_add(b).ok_or_else(overflow),
        Operator::Subtract => a.checked_sub(b).ok_or_else(overflow),
        Operator::Multiply => a.checked_mul(b).ok_or_else(overflow),
        Operator::Divide => a.checked_div(b).ok_or_else(overflow),
        _ => a.checked_rem(b).ok_or_else(overflow),
    }
}

fn uint(operator: Operator, a: u64, b: u64) -> Result<u64, EvalError> {
    match operator {
        Operator::Divide | Operator::Remainder if b == 0 => Err(EvalError::invalid("division by zero")),
        Operator::Add => a.checked_add(b).ok_or_else(overflow),
        Operator::Subtract => a.checked_sub(b).ok_or_else(overflow),
        Operator::Multiply => a.checked_mul(b).ok_or_else(overflow),
        Operator::Divide => a.checked_div(b).ok_or_else(overflow),
        _ => a.checked_rem(b).ok_or_else(overflow),
    }
}

fn mismatch(operator: Operator, left: &Val<'_>, right: &Val<'_>) -> EvalError {
    let sign = match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        _ => "%",
    };
    let hint = if is_number(left) && is_number(right) {
        "; convert one with int()"
    } else if operator == Operator::Add && (matches!(left, Val::Text(_)) || matches!(right, Val::Text(_))) {
        "; convert the other with text()"
    } else {
        ""
    };
    EvalError::invalid(format!("`{sign}` does not take {} and {}{hint}", left.type_name(), right.type_name()))
}

/// The element of a list or the value of a map.
pub(crate) fn index<'a>(container: &Val<'a>, at: &Val<'a>) -> Result<Val<'a>, EvalError> {
    match container {
        Val::List(items) => {
            let position = match at.as_key() {
                Some(super::value::Key::Int(position)) => position,
                _ => {
                    return Err(EvalError::invalid(format!("a list is indexed by an integer, not {}", at.type_name())));
                }
            };
            usize::try_from(position).ok().and_then(|position| items.get(position)).ok_or_else(|| {
                EvalError::Missing(format!("the list has {} elements, so there is none at index {position}", items.len()))
            })
        }
        Val::Dict(map) => {
            let key = at.as_key().ok_or_else(|| EvalError::invalid(format!("{} cannot be a key", at.type_name())))?;
            map.get(&key).ok_or_else(|| missing_key(map, &key.describe()))
        }
        other => Err(EvalError::invalid(format!("{} cannot be indexed", other.type_name()))),
    }
}

pub(crate) fn select<'a>(container: &Val<'a>, field: &str) -> Result<Val<'a>, EvalError> {
    match container {
        Val::Dict(map) => map.get_text(field).ok_or_else(|| missing_key(map, &format!("`{field}`"))),
        other => Err(EvalError::invalid(format!("{} has no field `{field}`", other.type_name()))),
    }
}

fn missing_key(map: &Dict<'_>, key: &str) -> EvalError {
    let mut known: Vec<String> = map.keys().take(8).filter_map(|key| key.as_key().map(|key| key.describe())).collect();
    if map.len() > known.len() {
        known.push("…".to_owned());
    }
    let known = if known.is_empty() { "it is empty".to_owned() } else { format!("it has {}", known.join(", ")) };
    EvalError::Missing(format!("there is no {key} in the map ({known})"))
}
