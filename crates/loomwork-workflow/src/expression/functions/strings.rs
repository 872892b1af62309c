//! Functions over text. Positions count characters, as in CEL's strings extension.

use super::super::meter::{EvalError, Meter};
use super::super::value::{List, Text, Val};
use super::{regex, unfit};

fn text_of<'v, 'a>(function: &str, value: &'v Val<'a>) -> Result<&'v Text<'a>, EvalError> {
    match value {
        Val::Text(text) => Ok(text),
        other => Err(unfit(function, "text", other)),
    }
}

fn two<'v>(meter: &mut Meter, function: &str, args: &'v [Val<'_>]) -> Result<(&'v str, &'v str), EvalError> {
    let (text, part) = (text_of(function, &args[0])?.as_str(), text_of(function, &args[1])?.as_str());
    meter.look(text.len())?;
    Ok((text, part))
}

fn position(function: &str, value: &Val<'_>) -> Result<usize, EvalError> {
    match value {
        Val::Int(at) => usize::try_from(*at).map_err(|_| EvalError::invalid(format!("`{function}` takes no negative position"))),
        other => Err(unfit(function, "an integer", other)),
    }
}

/// Byte offset of a character; its count itself is the end.
fn offset(function: &str, text: &str, at: usize) -> Result<usize, EvalError> {
    let out = || EvalError::invalid(format!("`{function}`: position {at} is outside of the text"));
    if text.is_ascii() {
        return if at <= text.len() { Ok(at) } else { Err(out()) };
    }
    text.char_indices().map(|(byte, _)| byte).chain([text.len()]).nth(at).ok_or_else(out)
}

#[allow(clippy::cast_possible_wrap, reason = "no text has more than 2^63 characters")]
fn chars(text: &str) -> i64 {
    text.chars().count() as i64
}

pub(super) fn starts_with<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    two(meter, "startsWith", args).map(|(text, part)| Val::Bool(text.starts_with(part)))
}

pub(super) fn ends_with<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    two(meter, "endsWith", args).map(|(text, part)| Val::Bool(text.ends_with(part)))
}

pub(super) fn contains<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    two(meter, "contains", args).map(|(text, part)| Val::Bool(text.contains(part)))
}

pub(super) fn matches<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let (text, pattern) = two(meter, "matches", args)?;
    // Compiling costs far more than matching, and nothing is kept between calls.
    meter.steps(2_000 + pattern.len() * 50 + text.len() / 8)?;
    Ok(Val::Bool(regex(pattern)?.is_match(text)))
}

pub(super) fn char_at<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let text = text_of("charAt", &args[0])?;
    meter.look(text.as_str().len())?;
    let start = offset("charAt", text.as_str(), position("charAt", &args[1])?)?;
    let end = start + text.as_str()[start..].chars().next().map_or(0, char::len_utf8);
    meter.make(end - start)?;
    Ok(Val::Text(text.part(start, end)))
}

pub(super) fn index_of<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let (text, part) = two(meter, "indexOf", args)?;
    let from = args.get(2).map_or(Ok(0), |at| position("indexOf", at).and_then(|at| offset("indexOf", text, at)))?;
    Ok(Val::Int(text[from..].find(part).map_or(-1, |found| chars(&text[..from + found]))))
}

pub(super) fn last_index_of<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let (text, part) = two(meter, "lastIndexOf", args)?;
    let found = match args.get(2) {
        None => text.rfind(part),
        Some(at) => {
            let last = offset("lastIndexOf", text, position("lastIndexOf", at)?)?;
            let end = (last + part.len()).min(text.len());
            let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            text[..end].rfind(part).filter(|found| *found <= last)
        }
    };
    Ok(Val::Int(found.map_or(-1, |found| chars(&text[..found]))))
}

pub(super) fn join<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let Val::List(list) = &args[0] else {
        return Err(unfit("join", "a list", &args[0]));
    };
    let separator = args.get(1).map_or(Ok(""), |separator| text_of("join", separator).map(Text::as_str))?;
    let mut joined = String::new();
    for (at, item) in list.iter().enumerate() {
        let item = text_of("join", &item)?.clone();
        let separator = if at == 0 { "" } else { separator };
        meter.step()?;
        meter.make(separator.len() + item.as_str().len())?;
        joined.push_str(separator);
        joined.push_str(item.as_str());
    }
    Ok(Val::text(joined))
}

fn list_of<'a>(meter: &mut Meter, text: &Text<'a>, parts: impl Iterator<Item = (usize, usize)>) -> Result<Val<'a>, EvalError> {
    let borrowed = matches!(text, Text::Borrowed(_));
    let mut items = Vec::new();
    for (start, end) in parts {
        meter.step()?;
        meter.make(size_of::<Val<'_>>() + if borrowed { 0 } else { end - start })?;
        items.push(Val::Text(text.part(start, end)));
    }
    Ok(Val::List(List::Items(items.into())))
}

fn place_in(whole: &str, part: &str) -> (usize, usize) {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    (start, start + part.len())
}

pub(super) fn split<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let text = text_of("split", &args[0])?;
    let separator = text_of("split", &args[1])?.as_str();
    let limit = match args.get(2) {
        None => -1,
        Some(Val::Int(limit)) => *limit,
        Some(other) => return Err(unfit("split", "an integer as its limit", other)),
    };
    meter.look(text.as_str().len())?;
    let whole = text.as_str();
    if limit == 0 {
        return Ok(Val::list(Vec::new()));
    }
    if separator.is_empty() {
        // Every character is a part; the limit leaves the rest in the last.
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let starts = whole.char_indices().map(|(at, _)| at).take(most);
        let starts: Vec<usize> = {
            meter.make(whole.len() * 8)?;
            starts.collect()
        };
        let ends = starts.iter().skip(1).copied().chain([whole.len()]);
        return list_of(meter, text, starts.iter().copied().zip(ends));
    }
    match usize::try_from(limit) {
        Ok(limit) => list_of(meter, text, whole.splitn(limit, separator).map(|part| place_in(whole, part))),
        Err(_) => list_of(meter, text, whole.split(separator).map(|part| place_in(whole, part))),
    }
}

/// Lines, without their line breaks; a line break at the end begins no further line.
pub(super) fn lines<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let text = text_of("lines", &args[0])?;
    meter.look(text.as_str().len())?;
    let whole = text.as_str();
    list_of(meter, text, whole.lines().map(|line| place_in(whole, line)))
}

pub(super) fn replace<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let (text, from) = two(meter, "replace", args)?;
    let to = text_of("replace", &args[2])?.as_str();
    let most = match args.get(3) {
        None => usize::MAX,
        Some(Val::Int(limit)) => usize::try_from(*limit).unwrap_or(usize::MAX),
        Some(other) => return Err(unfit("replace", "an integer as its limit", other)),
    };
    let count = text.matches(from).take(most).count();
    meter.steps(count)?;
    meter.make(text.len().saturating_add(count.saturating_mul(to.len())))?;
    Ok(Val::text(text.replacen(from, to, most)))
}

pub(super) fn substring<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let text = text_of("substring", &args[0])?;
    meter.look(text.as_str().len())?;
    let start = offset("substring", text.as_str(), position("substring", &args[1])?)?;
    let end = args
        .get(2)
        .map_or(Ok(text.as_str().len()), |at| position("substring", at).and_then(|at| offset("substring", text.as_str(), at)))?;
    if end < start {
        return Err(EvalError::invalid("`substring` ends before it begins"));
    }
    meter.make(end - start)?;
    Ok(Val::Text(text.part(start, end)))
}

pub(super) fn trim<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let text = text_of("trim", &args[0])?;
    let (start, end) = place_in(text.as_str(), text.as_str().trim());
    meter.look(text.as_str().len())?;
    meter.make(end - start)?;
    Ok(Val::Text(text.part(start, end)))
}

pub(super) fn lower_ascii<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let text = text_of("lowerAscii", &args[0])?.as_str();
    meter.make(text.len())?;
    Ok(Val::text(text.to_ascii_lowercase()))
}

pub(super) fn upper_ascii<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let text = text_of("upperAscii", &args[0])?.as_str();
    meter.make(text.len())?;
    Ok(Val::text(text.to_ascii_uppercase()))
}

pub(super) fn quote<'a>(meter: &mut Meter, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
    let text = text_of("strings.quote", &args[0])?.as_str();
    meter.make(text.len() * 2)?;
    Ok(Val::text(serde_json::Value::from(text).to_string()))
}
