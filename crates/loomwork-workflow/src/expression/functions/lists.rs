//! Functions over lists, and `size`.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::super::meter::{EvalError, Meter};
use super::super::number::{compare_numbers, equal, is_number};
use super::super::value::{Key, List, Val};
use super::unfit;

pub(super) fn list_of<'v, 'a>(function: &str, value: &'v Val<'a>) -> Result<&'v List<'a>, EvalError> {
    match value {
        Val::List(list) => Ok(list),
        other => Err(unfit(function, "a list", other)),
    }
}

fn take<'a>(meter: &mut Meter, list: &List<'a>) -> Result<Vec<Val<'a>>, EvalError> {
    meter.steps(list.len())?;
    meter.make(list.len() * size_of::<Val<'_>>())?;
    Ok(list.iter().collect())
}

#[allow(clippy::cast_possible_wrap, reason = "nothing in memory has 2^63 parts")]
pub(super) fn size<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let size = match &args[0] {
        Val::Text(text) => {
            meter.look(text.as_str().len())?;
            text.as_str().chars().count()
        }
        Val::Bytes(bytes) => bytes.len(),
        Val::List(list) => list.len(),
        Val::Dict(map) => map.len(),
        other => return Err(unfit("size", "text, a list or a map", other)),
    };
    Ok(Val::Int(size as i64))
}

pub(super) fn reverse<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    match &args[0] {
        Val::Text(text) => {
            meter.make(text.as_str().len())?;
            Ok(Val::text(text.as_str().chars().rev().collect::<String>()))
        }
        other => {
            let mut items = take(meter, list_of("reverse", other)?)?;
            items.reverse();
            Ok(Val::list(items))
        }
    }
}

pub(super) fn sort<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let items = take(meter, list_of("sort", &args[0])?)?;
    meter.make(items.len() * size_of::<Val<'_>>())?;
    let mut pairs: Vec<(Val<'a>, ())> = items.into_iter().map(|item| (item, ())).collect();
    sort_pairs(meter, "sort", &mut pairs)?;
    Ok(Val::list(pairs.into_iter().map(|(item, ())| item).collect()))
}

/// Puts pairs in the order of their keys; those with equal keys keep theirs.
pub(crate) fn sort_pairs<T>(meter: &mut Meter, function: &str, pairs: &mut [(Val<'_>, T)]) -> Result<(), EvalError> {
    let kind = |value: &Val<'_>| {
        if is_number(value) { "number" } else { value.type_name() }
    };
    let Some((first, _)) = pairs.first() else { return Ok(()) };
    if let Some((other, _)) = pairs.iter().find(|(key, _)| kind(key) != kind(first)) {
        return Err(EvalError::invalid(format!(
            "`{function}` takes elements of one type, not {} and {}",
            first.type_name(),
            other.type_name()
        )));
    }
    if pairs.iter().any(|(key, _)| matches!(key, Val::Double(value) if value.is_nan())) {
        return Err(EvalError::invalid(format!("`{function}` cannot place NaN")));
    }
    let ordered = matches!(first, Val::Bool(_) | Val::Text(_) | Val::Bytes(_) | Val::Timestamp(_) | Val::Duration(_));
    if !ordered && !is_number(first) {
        return Err(unfit(function, "numbers, text, times or durations", first));
    }
    // All comparisons are charged before: a comparison that fails half way would leave no total order.
    let looked: usize = pairs.iter().map(|(key, _)| if let Val::Text(text) = key { text.as_str().len() } else { 8 }).sum();
    let rounds = usize::BITS as usize - pairs.len().leading_zeros() as usize;
    meter.steps(pairs.len() * rounds)?;
    meter.look(looked * rounds)?;
    pairs.sort_by(|(a, _), (b, _)| order_of_kind(a, b));
    Ok(())
}

/// The order of two values that are known to be of one kind.
fn order_of_kind(a: &Val<'_>, b: &Val<'_>) -> Ordering {
    match (a, b) {
        (Val::Text(a), Val::Text(b)) => a.as_str().cmp(b.as_str()),
        (Val::Bool(a), Val::Bool(b)) => a.cmp(b),
        (Val::Bytes(a), Val::Bytes(b)) => a.cmp(b),
        (Val::Timestamp(a), Val::Timestamp(b)) => a.cmp(b),
        (Val::Duration(a), Val::Duration(b)) => a.cmp(b),
        _ => compare_numbers(a, b).unwrap_or(Ordering::Equal),
    }
}

pub(super) fn distinct<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let items = take(meter, list_of("distinct", &args[0])?)?;
    let mut seen: HashMap<Key, ()> = HashMap::new();
    let mut kept: Vec<Val<'a>> = Vec::new();
    for item in items {
        // Scalars are looked up; what cannot be a key is compared with everything kept that cannot either.
        match item.as_key() {
            Some(key) => {
                if seen.insert(key, ()).is_none() {
                    kept.push(item);
                }
            }
            None => {
                let mut known = false;
                for other in kept.iter().filter(|other| other.as_key().is_none()) {
                    if equal(meter, other, &item)? {
                        known = true;
                        break;
                    }
                }
                if !known {
                    kept.push(item);
                }
            }
        }
    }
    Ok(Val::list(kept))
}

pub(super) fn flatten<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let depth = match args.get(1) {
        None => 1,
        Some(Val::Int(depth)) if (0..=64).contains(depth) => *depth,
        Some(_) => return Err(EvalError::invalid("`flatten` takes a depth from 0 to 64")),
    };
    let mut items = Vec::new();
    flatten_into(meter, list_of("flatten", &args[0])?, depth, &mut items)?;
    Ok(Val::list(items))
}

fn flatten_into<'a>(meter: &mut Meter, list: &List<'a>, depth: i64, into: &mut Vec<Val<'a>>) -> Result<(), EvalError> {
    for item in list.iter() {
        meter.step()?;
        match &item {
            Val::List(inner) if depth > 0 => flatten_into(meter, inner, depth - 1, into)?,
            _ => {
                meter.make(size_of::<Val<'_>>())?;
                into.push(item);
            }
        }
    }
    Ok(())
}

pub(super) fn slice<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let list = list_of("slice", &args[0])?;
    let bound = |value: &Val<'_>| match value {
        Val::Int(at) => usize::try_from(*at).ok().filter(|at| *at <= list.len()),
        _ => None,
    };
    match (bound(&args[1]), bound(&args[2])) {
        (Some(start), Some(end)) if start <= end => {
            meter.steps(end - start)?;
            meter.make((end - start) * size_of::<Val<'_>>())?;
            Ok(Val::list((start..end).filter_map(|at| list.get(at)).collect()))
        }
        _ => Err(EvalError::invalid(format!("`slice` takes two positions from 0 to {}, the smaller first", list.len()))),
    }
}

pub(super) fn first<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    list_of("first", &args[0])?.get(0).ok_or_else(|| EvalError::Missing("the list is empty".to_owned()))
}

pub(super) fn last<'a>(_: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let list = list_of("last", &args[0])?;
    list.len().checked_sub(1).and_then(|at| list.get(at)).ok_or_else(|| EvalError::Missing("the list is empty".to_owned()))
}

pub(super) fn range<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let Val::Int(count) = args[0] else {
        return Err(unfit("range", "an integer", &args[0]));
    };
    let size = usize::try_from(count).map_err(|_| EvalError::invalid("`range` takes no negative number"))?;
    meter.steps(size)?;
    meter.make(size.saturating_mul(size_of::<Val<'_>>()))?;
    Ok(Val::list((0..count).map(Val::Int).collect()))
}

fn holds<'a>(meter: &mut Meter, list: &List<'a>, needle: &Val<'a>) -> Result<bool, EvalError> {
    for item in list.iter() {
        if equal(meter, &item, needle)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn covers<'a>(meter: &mut Meter, list: &List<'a>, part: &List<'a>) -> Result<bool, EvalError> {
    for item in part.iter() {
        if !holds(meter, list, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn sets_contains<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    covers(meter, list_of("sets.contains", &args[0])?, list_of("sets.contains", &args[1])?).map(Val::Bool)
}

pub(super) fn sets_equivalent<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let (a, b) = (list_of("sets.equivalent", &args[0])?, list_of("sets.equivalent", &args[1])?);
    Ok(Val::Bool(covers(meter, a, b)? && covers(meter, b, a)?))
}

pub(super) fn sets_intersects<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let (a, b) = (list_of("sets.intersects", &args[0])?, list_of("sets.intersects", &args[1])?);
    for item in b.iter() {
        if holds(meter, a, &item)? {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}
