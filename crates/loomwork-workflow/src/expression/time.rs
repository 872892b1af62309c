//! Timestamps and durations of expressions. Nothing here reads a clock.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::meter::EvalError;

const NANOS: [(&str, i128); 6] =
    [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

pub(crate) fn parse_timestamp(text: &str) -> Result<Timestamp, EvalError> {
    text.parse().map_err(|_| EvalError::invalid(format!("`{text}` is not a time like 2026-01-31T09:00:00Z")))
}

/// CEL's durations: a sign, then numbers with `h`, `m`, `s`, `ms`, `us`, `ns`.
pub(crate) fn parse_cel_duration(text: &str) -> Result<SignedDuration, EvalError> {
    let bad = || EvalError::invalid(format!("`{text}` is not a duration like 1h30m or 1.5s"));
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    if rest.is_empty() || text.len() > 64 {
        return Err(bad());
    }
    let mut total = 0_i128;
    while !rest.is_empty() && rest != "0" {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, nanos) = NANOS.into_iter().find(|(name, _)| *name == unit).ok_or_else(bad)?;
        total = nanos_of(number, nanos).and_then(|part| total.checked_add(part)).ok_or_else(bad)?;
        rest = tail;
    }
    let total = if negative { -total } else { total };
    SignedDuration::try_from_nanos_i128(total).ok_or_else(bad)
}

fn nanos_of(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.len() <= 18 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let value = |part: &str| {
        if part.is_empty() { Some(0) } else { part.parse::<i128>().ok() }
    };
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    value(whole)?.checked_mul(unit)?.checked_add(value(fraction)?.checked_mul(unit)? / scale)
}

/// As CEL writes a duration: seconds, with a fraction where there is one.
pub(crate) fn duration_text(duration: SignedDuration) -> String {
    let nanos = duration.subsec_nanos().unsigned_abs();
    let sign = if duration.is_negative() { "-" } else { "" };
    let seconds = duration.as_secs().unsigned_abs();
    if nanos == 0 {
        return format!("{sign}{seconds}s");
    }
    let fraction = format!("{nanos:09}");
    format!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
}

/// A part of a time in a zone (UTC unless named).
pub(crate) fn timestamp_part(at: Timestamp, zone: Option<&str>, part: &str) -> Result<i64, EvalError> {
    let zone = match zone {
        None => TimeZone::UTC,
        Some(name) => time_zone(name)?,
    };
    let zoned: Zoned = at.to_zoned(zone);
    Ok(match part {
        "getFullYear" => i64::from(zoned.year()),
        "getMonth" => i64::from(zoned.month()) - 1,
        "getDate" => i64::from(zoned.day()),
        "getDayOfMonth" => i64::from(zoned.day()) - 1,
        "getDayOfYear" => i64::from(zoned.day_of_year()) - 1,
        "getDayOfWeek" => i64::from(weekday(zoned.weekday())),
        "getHours" => i64::from(zoned.hour()),
        "getMinutes" => i64::from(zoned.minute()),
        "getSeconds" => i64::from(zoned.second()),
        _ => i64::from(zoned.millisecond()),
    })
}

fn weekday(day: Weekday) -> i8 {
    day.to_sunday_zero_offset()
}

/// Offsets only (`+02:00`, `UTC`): rules of named zones change between machines, and a replay must not.
fn time_zone(name: &str) -> Result<TimeZone, EvalError> {
    let bad =
        || EvalError::invalid(format!("`{name}` is not an offset like +02:00 or UTC; named time zones differ between machines"));
    if matches!(name, "UTC" | "Z" | "") {
        return Ok(TimeZone::UTC);
    }
    let (sign, rest) = match name.as_bytes()[0] {
        b'-' => (-1, &name[1..]),
        b'+' => (1, &name[1..]),
        _ => (1, name),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(bad)?;
    let number = |part: &str| part.parse::<i32>().ok().filter(|n| (0..60).contains(n)).ok_or_else(bad);
    let seconds = sign * (number(hours)? * 3_600 + number(minutes)? * 60);
    jiff::tz::Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| bad())
}
