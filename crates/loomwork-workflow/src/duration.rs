//! Durations as people write them: `250ms`, `1h30m`, `2d`.

use thiserror::Error;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurationError {
    /// It is empty.
    #[error("a duration is missing; write it like `1h30m` or `250ms`")]
    Empty,
    /// It begins with a minus sign.
    #[error("the duration `{0}` is negative; write it like `1h30m` or `250ms`")]
    Negative(String),
    /// A number stands without a unit, a unit without a number, or the unit is not known.
    #[error("`{0}` is not a duration; write it like `1h30m` or `250ms` (units: ms, s, m, h, d, w)")]
    Malformed(String),
    /// It is longer than a hundred years.
    #[error("the duration `{0}` is longer than a hundred years")]
    TooLong(String),
}

const UNITS: [(&str, u64); 6] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];
const LONGEST_MS: u64 = 100 * 366 * 86_400_000;

/// Reads a duration, in milliseconds. Each unit may stand once, the larger before the smaller; whole numbers and
/// decimal fractions (`1.5s`) are taken.
///
/// # Errors
/// When the text is no duration.
pub fn parse_duration(text: &str) -> Result<u64, DurationError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(DurationError::Empty);
    }
    if trimmed.starts_with('-') {
        return Err(DurationError::Negative(trimmed.to_owned()));
    }
    let malformed = || DurationError::Malformed(trimmed.to_owned());
    let too_long = || DurationError::TooLong(trimmed.to_owned());
    let (mut rest, mut total, mut smallest) = (trimmed, 0_u64, u64::MAX);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(malformed)?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, unit_ms) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(malformed)?;
        if unit_ms >= smallest {
            return Err(malformed());
        }
        smallest = unit_ms;
        let part = part_ms(number, unit_ms).ok_or_else(malformed)?.ok_or_else(too_long)?;
        total = total.checked_add(part).filter(|sum| *sum <= LONGEST_MS).ok_or_else(too_long)?;
        rest = tail.trim_start();
    }
    Ok(total)
}

/// Outer none: no number. Inner none: too large.
fn part_ms(number: &str, unit_ms: u64) -> Option<Option<u64>> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(fraction.len()).unwrap_or(9));
    let fraction_ms = fraction.parse::<u64>().ok()?.checked_mul(unit_ms).map(|scaled| scaled / scale);
    let whole_ms = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(unit_ms));
    Some(whole_ms.zip(fraction_ms).and_then(|(whole, fraction)| whole.checked_add(fraction)))
}

/// Writes a duration the way `parse_duration` reads it, without empty parts: `1h30m`; nothing is `0ms`.
#[must_use]
pub fn format_duration(ms: u64) -> String {
    let mut rest = ms;
    let mut text = String::new();
    for (unit, unit_ms) in UNITS.into_iter().rev().filter(|(unit, _)| *unit != "w") {
        if rest >= unit_ms {
            text.push_str(&format!("{}{unit}", rest / unit_ms));
            rest %= unit_ms;
        }
    }
    if text.is_empty() { "0ms".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, ms) in [
            ("250ms", 250),
            ("1h30m", 5_400_000),
            ("2d", 172_800_000),
            ("1.5s", 1_500),
            ("0s", 0),
            ("1m 5s", 65_000),
            ("1w", 604_800_000),
        ] {
            assert_eq!(parse_duration(text), Ok(ms), "{text}");
            assert_eq!(parse_duration(&format_duration(ms)), Ok(ms));
        }
        assert_eq!(format_duration(5_400_000), "1h30m");
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for text in ["soon", "10 parsecs", "5", "1m1h", "1s1s", "s", "1.s", ".s", "1..2s", "é"] {
            assert!(matches!(parse_duration(text), Err(DurationError::Malformed(_))), "{text}");
        }
        assert!(matches!(parse_duration("-1s"), Err(DurationError::Negative(_))));
        assert!(matches!(parse_duration(" "), Err(DurationError::Empty)));
        assert!(matches!(parse_duration("99999999999999999999d"), Err(DurationError::TooLong(_))));
        assert!(matches!(parse_duration("40000d"), Err(DurationError::TooLong(_))));
    }
}
