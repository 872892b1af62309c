//! `format`: a text with places for values, as in CEL's strings extension.
//!
//! Invariant: what is written is charged before it is made, and a width is bounded, so that no pattern makes more than
//! its values and its own text explain.

use super::super::meter::{EvalError, Meter};
use super::super::number::as_double;
use super::super::time::duration_text;
use super::super::value::{Dict, Val};
use super::lists::list_of;
use super::unfit;

/// Digits behind the point when a place does not say how many.
const DIGITS: usize = 6;
/// Most digits behind the point.
const MAX_DIGITS: usize = 100;
/// More than any number takes that is written with a fraction, besides the digits behind the point.
const WIDEST: usize = 330;

pub(super) fn format<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let Val::Text(pattern) = &args[0] else {
        return Err(unfit("format", "text", &args[0]));
    };
    let values = list_of("format", &args[1])?;
    let pattern = pattern.as_str();
    meter.look(pattern.len())?;
    meter.make(pattern.len())?;
    let mut written = String::with_capacity(pattern.len());
    let mut used = 0;
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        written.push_str(&rest[..at]);
        let (place, behind) = Place::read(&rest[at + 1..])?;
        rest = behind;
        match place {
            Place::Percent => written.push('%'),
            Place::Value { verb, digits } => {
                let value = values.get(used).ok_or_else(|| {
                    EvalError::Missing(format!("`format` has more places than values, of which there are {}", values.len()))
                })?;
                used += 1;
                meter.step()?;
                write(meter, &mut written, verb, digits, &value)?;
            }
        }
    }
    written.push_str(rest);
    if used < values.len() {
        return Err(EvalError::invalid(format!("`format` has {used} places, but {} values", values.len())));
    }
    Ok(Val::text(written))
}

/// What stands behind a `%`.
enum Place {
    Percent,
    Value { verb: char, digits: usize },
}

impl Place {
    fn read(text: &str) -> Result<(Self, &str), EvalError> {
        if let Some(behind) = text.strip_prefix('%') {
            return Ok((Self::Percent, behind));
        }
        let (digits, behind) = match text.strip_prefix('.') {
            None => (DIGITS, text),
            Some(number) => {
                let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
                let digits = number[..end].parse().ok().filter(|digits| *digits <= MAX_DIGITS);
                let digits = digits.ok_or_else(|| {
                    EvalError::invalid(format!("`format` takes a number of digits from 0 to {MAX_DIGITS} behind `%.`"))
                })?;
                (digits, &number[end..])
            }
        };
        let mut characters = behind.chars();
        match characters.next() {
            Some(verb) if "sdfeboxX".contains(verb) => Ok((Self::Value { verb, digits }, characters.as_str())),
            other => {
                let verb = other.map_or_else(String::new, String::from);
                Err(EvalError::invalid(format!(
                    "`format` does not know `%{verb}`; it takes %s, %d, %f, %e, %b, %o, %x and %X, and %% for a percent sign"
                )))
            }
        }
    }
}

fn write(meter: &mut Meter, into: &mut String, verb: char, digits: usize, value: &Val<'_>) -> Result<(), EvalError> {
    let wrong = |wanted: &str| EvalError::invalid(format!("`%{verb}` takes {wanted}, not {}", value.type_name()));
    let text = match (verb, value) {
        ('s', value) => return plain(meter, into, value),
        ('d', Val::Int(value)) => value.to_string(),
        ('d', Val::UInt(value)) => value.to_string(),
        ('d', _) => return Err(wrong("a whole number")),
        ('f' | 'e', value) => {
            let value = as_double(value).ok_or_else(|| wrong("a number"))?;
            meter.make(WIDEST + digits)?;
            if verb == 'f' { fixed(value, digits) } else { scientific(value, digits) }
        }
        ('b', Val::Bool(value)) => u8::from(*value).to_string(),
        ('x' | 'X', Val::Text(text)) => in_hex(meter, text.as_str().as_bytes(), verb)?,
        ('x' | 'X', Val::Bytes(bytes)) => in_hex(meter, bytes, verb)?,
        (_, Val::Int(value)) => {
            let sign = if *value < 0 { "-" } else { "" };
            format!("{sign}{}", based(value.unsigned_abs(), verb))
        }
        (_, Val::UInt(value)) => based(*value, verb),
        ('b', _) => return Err(wrong("a whole number, true or false")),
        ('o', _) => return Err(wrong("a whole number")),
        _ => return Err(wrong("a whole number, text or bytes")),
    };
    meter.make(text.len())?;
    into.push_str(&text);
    Ok(())
}

fn fixed(value: f64, digits: usize) -> String {
    if value.is_finite() { format!("{value:.digits$}") } else { whole(value) }
}

/// With a sign and at least two digits in the exponent: `1.5e+03`.
fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((number, exponent)) if value.is_finite() => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{number}e{sign}{exponent:0>2}")
        }
        _ => whole(value),
    }
}

/// A double as `%s` writes it.
fn whole(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ => value.to_string(),
    }
}

fn based(value: u64, verb: char) -> String {
    match verb {
        'b' => format!("{value:b}"),
        'o' => format!("{value:o}"),
        'X' => format!("{value:X}"),
        _ => format!("{value:x}"),
    }
}

fn in_hex(meter: &mut Meter, bytes: &[u8], verb: char) -> Result<String, EvalError> {
    meter.make(bytes.len() * 2)?;
    Ok(if verb == 'X' { hex::encode_upper(bytes) } else { hex::encode(bytes) })
}

/// `%s`: any value. Lists and maps with what is in them, the keys of a map in their order.
fn plain(meter: &mut Meter, into: &mut String, value: &Val<'_>) -> Result<(), EvalError> {
    meter.step()?;
    match value {
        Val::List(items) => {
            push(meter, into, "[")?;
            for (at, item) in items.iter().enumerate() {
                push(meter, into, if at == 0 { "" } else { ", " })?;
                plain(meter, into, &item)?;
            }
            push(meter, into, "]")
        }
        Val::Dict(map) => dict(meter, into, map),
        Val::Text(text) => push(meter, into, text.as_str()),
        Val::Bytes(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| EvalError::invalid("the bytes are not UTF-8 text"))?;
            push(meter, into, text)
        }
        Val::Null => push(meter, into, "null"),
        Val::Bool(value) => push(meter, into, if *value { "true" } else { "false" }),
        Val::Int(value) => push(meter, into, &value.to_string()),
        Val::UInt(value) => push(meter, into, &value.to_string()),
        Val::Double(value) => push(meter, into, &whole(*value)),
        Val::Timestamp(at) => push(meter, into, &at.to_string()),
        Val::Duration(duration) => push(meter, into, &duration_text(*duration)),
        Val::Type(name) => push(meter, into, name),
    }
}

fn dict(meter: &mut Meter, into: &mut String, map: &Dict<'_>) -> Result<(), EvalError> {
    meter.steps(map.len())?;
    meter.make(map.len() * size_of::<(String, Val<'_>)>())?;
    let mut entries = Vec::with_capacity(map.len());
    for key in map.keys() {
        let mut name = String::new();
        plain(meter, &mut name, &key)?;
        let value = key.as_key().and_then(|key| map.get(&key)).unwrap_or(Val::Null);
        entries.push((name, value));
    }
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    push(meter, into, "{")?;
    for (at, (name, value)) in entries.iter().enumerate() {
        push(meter, into, if at == 0 { "" } else { ", " })?;
        push(meter, into, name)?;
        push(meter, into, ": ")?;
        plain(meter, into, value)?;
    }
    push(meter, into, "}")
}

fn push(meter: &mut Meter, into: &mut String, text: &str) -> Result<(), EvalError> {
    meter.look(text.len())?;
    meter.make(text.len())?;
    into.push_str(text);
    Ok(())
}
